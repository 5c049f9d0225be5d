#include "tests/malloc/early.h"

#include <cstdlib>
#include <cstring>

EarlyBlocks early_blocks;

namespace {

char *Block() {
    auto *block = static_cast<char *>(malloc(kEarlySize));
    strcpy(block, "early");
    free(malloc(5000));
    return block;
}

void Preinit() { early_blocks.from_preinit = Block(); }

__attribute__((section(".preinit_array"), used)) void (*const preinit)() = Preinit;

__attribute__((constructor(101))) void First() { early_blocks.from_first_constructor = Block(); }

__attribute__((constructor)) void Usual() { early_blocks.from_constructor = Block(); }

}  // namespace
