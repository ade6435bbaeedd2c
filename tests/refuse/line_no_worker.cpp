// refused: no worker of the board runs this stage's role
#include "line.hpp"

using namespace refuse;
constexpr Worker named[] = {{.name = "a", .cpu = 1, .roles = {"src"}}};
constexpr Board small = with(named);
using Line = Pipeline<Src, R<>, End>;
static Scheduler<small, Line> scheduler;
