#include "tests/soak/blocks.h"

namespace zmalloc_test {

void Verdict::Wrong(const std::string &what) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (what_.empty()) what_ = what;
    failed_ = true;
}

std::string Verdict::what() {
    std::lock_guard<std::mutex> lock(mutex_);
    return what_;
}

namespace {

void *AllocateBySomeCall(Random *random, size_t size) {
    size_t usable;
    switch (random->Below(9)) {
        case 0:
            return zcalloc(size);
        case 1:
            return zmalloc_aligned(size_t{1} << random->Below(10), size);
        case 2:
            return zmalloc_usable(size, &usable);
        case 3:
            return ztrymalloc(size);
        case 4:
            return zrealloc(nullptr, size);
        case 5:
            return zmalloc_no_tcache(size);
        default:
            return zmalloc(size);
    }
}

void Fill(Random *random, Block *block, Verdict *verdict) {
    if (block->ptr == nullptr) {
        verdict->Wrong("an allocation failed");
        return;
    }
    block->counted = zmalloc_size(block->ptr);
    block->id = random->Next();
    Pattern::Fill(block->ptr, zmalloc_usable_size(block->ptr), block->id);
}

}  // namespace

Block AllocateAny(Random *random, size_t size, Verdict *verdict) {
    Block block;
    block.ptr = AllocateBySomeCall(random, size);
    Fill(random, &block, verdict);
    return block;
}

void ResizeAny(Random *random, size_t size, Block *block, Verdict *verdict) {
    const size_t kept = std::min(size, zmalloc_usable_size(block->ptr));
    block->ptr = random->Below(2) == 0 ? zrealloc(block->ptr, size) : ztryrealloc(block->ptr, size);
    if (block->ptr != nullptr && !Pattern::Holds(block->ptr, kept, block->id)) {
        verdict->Wrong("zrealloc changed what was in the block");
    }
    Fill(random, block, verdict);
}

void FreeAny(Random *random, const Block &block, Verdict *verdict) {
    Look(block, verdict);
    size_t usable;
    switch (random->Below(5)) {
        case 0:
            zfree_usable(block.ptr, &usable);
            break;
        case 1:
            zfree_with_size(block.ptr, zmalloc_usable_size(block.ptr));
            break;
        case 2:
            zfree_no_tcache(block.ptr);
            break;
        default:
            zfree(block.ptr);
    }
}

void Look(const Block &block, Verdict *verdict) {
    if (zmalloc_size(block.ptr) != block.counted) {
        verdict->Wrong("the size of a block changed");
    } else if (!Pattern::Holds(block.ptr, zmalloc_usable_size(block.ptr), block.id)) {
        verdict->Wrong("what was in a block changed");
    }
}

void Pool::Put(Random *random, const Block &block) {
    const size_t now = bytes_ += block.counted;
    size_t most = most_bytes_;
    while (now > most && !most_bytes_.compare_exchange_weak(most, now)) continue;
    Shard &shard = shards_[random->Below(kShards)];
    std::lock_guard<std::mutex> lock(shard.mutex);
    shard.blocks.push_back(block);
}

bool Pool::Take(Random *random, Block *block) {
    Shard &shard = shards_[random->Below(kShards)];
    std::lock_guard<std::mutex> lock(shard.mutex);
    if (shard.blocks.empty()) return false;
    std::swap(shard.blocks[random->Below(shard.blocks.size())], shard.blocks.back());
    *block = shard.blocks.back();
    shard.blocks.pop_back();
    bytes_ -= block->counted;
    return true;
}

size_t Pool::Counted(Verdict *verdict) const {
    size_t sum = 0;
    for (const Shard &shard : shards_) {
        for (const Block &block : shard.blocks) {
            Look(block, verdict);
            sum += block.counted;
        }
    }
    return sum;
}

void Pool::FreeAll(Verdict *verdict) {
    Random random(1);
    for (Shard &shard : shards_) {
        for (const Block &block : shard.blocks) FreeAny(&random, block, verdict);
        shard.blocks.clear();
    }
    bytes_ = 0;
}

}  // namespace zmalloc_test
