// The functions that a header declares.
#ifndef ZMALLOC_TESTS_FAULTS_DECLARED_H_
#define ZMALLOC_TESTS_FAULTS_DECLARED_H_

#include <set>
#include <string>

namespace zmalloc_test {

// Of our public headers, as they are written: one declaration up to each ';' or
// body, its name before the first '(' that is none of an attribute.
std::set<std::string> DeclaredFunctions(const std::string &header);

}  // namespace zmalloc_test

#endif  // ZMALLOC_TESTS_FAULTS_DECLARED_H_
