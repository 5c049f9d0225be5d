# Tells whether CMake takes the package for another version than its own.
find_package(zmalloc ${WANTED} QUIET)
message(STATUS "considered ${zmalloc_CONSIDERED_VERSIONS}, found ${zmalloc_FOUND}")
