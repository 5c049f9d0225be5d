// The functions that a header declares.
#ifndef ZMALLOC_TESTS_FAULTS_DECLARED_H_
#define ZMALLOC_TESTS_FAULTS_DECLARED_H_

#include <set>
#include <string>

namespace zmalloc_test {

// Reads a public header as it is written: a declaration goes up to ';' or a body, and its name
// comes before the first '(' that belongs to no attribute.
std::set<std::string> DeclaredFunctions(const std::string &header);

}  // namespace zmalloc_test

#endif  // ZMALLOC_TESTS_FAULTS_DECLARED_H_
