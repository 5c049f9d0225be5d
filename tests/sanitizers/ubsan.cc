#include <climits>

#include "tests/sanitizers/planted.h"
#include "tests/support.h"

namespace zmalloc_test {
namespace {

volatile int sink;

int Number(int value) {
    volatile int opaque = value;
    return opaque;
}

void SignedOverflow(bool bug) { sink = Number(INT_MAX) + Number(bug ? 1 : 0); }

void Misalignment(bool bug) {
    char *block = static_cast<char *>(zcalloc(100));
    sink = *reinterpret_cast<int *>(block + Opaque(bug ? 1 : 4));
    zfree(block);
}

void NullPointer(bool bug) {
    int one = 1;
    int *volatile pointer = bug ? nullptr : &one;
    sink = *pointer;
}

void Shift(bool bug) { sink = 1 << Number(bug ? 32 : 30); }

void Division(bool bug) { sink = 1 / Number(bug ? 0 : 1); }

void IndexOutOfBounds(bool bug) {
    int numbers[3] = {1, 2, 3};
    sink = numbers[Number(bug ? 3 : 2)];
}

void InvalidBool(bool bug) {
    char *block = static_cast<char *>(zmalloc(1));
    *block = bug ? 2 : 1;
    sink = *reinterpret_cast<volatile bool *>(block) ? 1 : 0;
    zfree(block);
}

int Takes(int number) { return number; }
void WrongFunctionType(bool bug) {
    int (*volatile right)(int) = Takes;
    auto wrong = reinterpret_cast<int (*)(long)>(reinterpret_cast<uintptr_t>(right));
    sink = bug ? wrong(1) : right(1);
}

}  // namespace

std::vector<Planted> AllPlanted() {
    return {
        {"SignedOverflow", SignedOverflow, "signed integer overflow"},
        {"Misalignment", Misalignment, "misaligned address"},
        {"NullPointer", NullPointer, "null pointer"},
        {"Shift", Shift, "shift exponent 32 is too large"},
        {"Division", Division, "division by zero"},
        {"IndexOutOfBounds", IndexOutOfBounds, "index 3 out of bounds"},
        {"InvalidBool", InvalidBool, "not a valid value for type"},
        {"WrongFunctionType", WrongFunctionType, "through pointer to incorrect function type"},
    };
}

}  // namespace zmalloc_test
