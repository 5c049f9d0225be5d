/* For zmalloc/inline.h: over allocators that nothing is gained with. */
