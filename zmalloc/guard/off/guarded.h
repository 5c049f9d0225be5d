/* Without --guard: the allocator's functions are called as they are. */
