// tools/top/command.hpp - `stator top`: what the scheduler of another process does now.
#pragma once

namespace stator::top {

struct TopOptions {
    int pid = 0;        // of the process to show; 0: the only one that there is
    bool once = false;  // one picture instead of one each interval
    bool json = false;  // one JSON object; implies once
    bool remove_stale =
        false;  // removes view files of processes that have ended, and shows nothing
    double interval_s = 1.0;
};

// Exit code: 0; 1 the output could not be written; 2 several processes run schedulers, and `pid`
// names none of them; 3 there is no scheduler to show, or a stale file could not be removed.
int run_top(const TopOptions& options);

}  // namespace stator::top
