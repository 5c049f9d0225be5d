// Call stacks as text.
#include "tools/common/stack_text.h"

#include <gtest/gtest.h>

#include <string>

namespace {

// What is printed of a stack of this function alone.
std::string Printed(std::string function) {
    frame one = {};
    one.function = function.data();
    frame *frames[] = {&one};
    stack all = {};
    all.frames = frames;
    all.depth = 1;
    testing::internal::CaptureStdout();
    stack_print(&all, 0, 1);
    return testing::internal::GetCapturedStdout();
}

TEST(StackText, PrintsShortNamesWhole) {
    EXPECT_EQ(Printed("main"), "main\n");
    EXPECT_EQ(Printed("std::vector<int, std::allocator<int> >::push_back(int&&)"),
              "std::vector<int, std::allocator<int> >::push_back(int&&)\n");
}

TEST(StackText, LeavesTheArgumentsOfTemplatesOutOfLongNames) {
    const std::string text =
        "std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >";
    EXPECT_EQ(Printed("Lru::put(" + text + " const&, " + text + ")"),
              "Lru::put(std::__cxx11::basic_string<...> const&, "
              "std::__cxx11::basic_string<...>)\n");
    // Not all of these signs are of templates.
    EXPECT_EQ(Printed("a<" + text + ">::operator<<(" + text + ")"),
              "a<...>::operator<<(std::__cxx11::basic_string<...>)\n");
    EXPECT_EQ(Printed("a<" + text + ", &b::operator> >::operator->(int)::" + std::string(30, 'c')),
              "a<...>::operator->(int)::" + std::string(30, 'c') + "\n");
    EXPECT_EQ(Printed("decltype (b->c) a<decltype (b->c), " + text + ">::" + std::string(30, 'c')),
              "decltype (b->c) a<...>::" + std::string(30, 'c') + "\n");
    EXPECT_EQ(Printed("<alloc::vec::Vec<T> as core::ops::Drop>::" + std::string(100, 'd')),
              "<alloc::vec::Vec<...> as core::ops::Drop>::" + std::string(100, 'd') + "\n");
    // Nor is every name whole.
    EXPECT_EQ(Printed(std::string(101, 'a') + "<b\n"), std::string(101, 'a') + "<...\n");
    EXPECT_EQ(Printed(std::string(101, 'a') + "\x1b[2J::operator"),
              std::string(101, 'a') + "?[2J::operator\n");
}

}  // namespace
