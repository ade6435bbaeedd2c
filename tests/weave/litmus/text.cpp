// tests/weave/litmus/text.cpp - litmus programs, outcomes and verdicts as text.
#include "text.hpp"

#include <array>
#include <cstdlib>

namespace litmus {
namespace {

std::string to_text(Location location) {
    constexpr std::array<const char*, locations> names = {"x", "y", "z"};
    return names.at(static_cast<std::size_t>(location));
}

std::string to_text(std::memory_order order) {
    switch (order) {
        case std::memory_order::relaxed:
            return "rlx";
        case std::memory_order::consume:
            return "con";
        case std::memory_order::acquire:
            return "acq";
        case std::memory_order::release:
            return "rel";
        case std::memory_order::acq_rel:
            return "acq_rel";
        case std::memory_order::seq_cst:
            return "sc";
    }
    std::abort();
}

std::string to_text(const Operation& operation) {
    const std::string location = to_text(operation.location);
    const std::string result = "r" + std::to_string(operation.result) + " = ";
    const std::string value = std::to_string(operation.value);
    const std::string order = " " + to_text(operation.order);
    switch (operation.kind) {
        case Kind::load:
            return result + location + order;
        case Kind::store:
            return location + " = " + value + order;
        case Kind::fetch_add:
            return result + "add(" + location + ", " + value + ")" + order;
        case Kind::exchange:
            return result + "swap(" + location + ", " + value + ")" + order;
        case Kind::compare_exchange:
            return result + "cas(" + location + ", " + std::to_string(operation.expected) + ", " +
                   value + ")" + order + "/" + to_text(operation.failure);
        case Kind::fence:
            return "fence" + order;
    }
    std::abort();
}

}  // namespace

std::string to_text(const Program& program) {
    std::string text;
    for (const Thread& thread : program.threads) {
        if (!text.empty()) text += " // ";
        for (std::size_t i = 0; i < thread.size(); ++i)
            text += (i == 0 ? "" : "; ") + to_text(thread[i]);
    }
    return text;
}

std::string to_text(const Program& program, const Outcome& outcome) {
    const std::size_t registers = count_registers(program);
    std::string text;
    for (std::size_t i = 0; i < outcome.size(); ++i) {
        text += i == 0 ? "" : " ";
        text += i < registers ? "r" + std::to_string(i) : to_text(program.finals.at(i - registers));
        text += "=" + std::to_string(outcome[i]);
    }
    return text;
}

std::string to_text(Verdict verdict) {
    switch (verdict) {
        case Verdict::allowed:
            return "allowed";
        case Verdict::forbidden:
            return "forbidden";
        case Verdict::stricter:
            return "forbidden, stricter than C++20";
        case Verdict::missed:
            return "allowed, not shown by the explorer";
        case Verdict::weaker:
            return "allowed, weaker than C++20";
        case Verdict::rc11_alone:
            return "allowed by RC11 alone";
    }
    std::abort();
}

void print_table(std::ostream& out) {
    out << "| Row | Program | Outcome | Verdict | Reason |\n"
        << "|-----|---------|---------|---------|--------|\n";
    for (const Row& row : rows()) {
        if (row.judged.empty())
            out << "| " << row.name << " | `" << to_text(row.program)
                << "` | | | interleaving gives all that weak orders could |\n";
        bool first = true;
        for (const Judged& judged : row.judged) {
            out << "| " << (first ? row.name : "") << " | "
                << (first ? "`" + to_text(row.program) + "`" : "") << " | `"
                << to_text(row.program, judged.outcome) << "` | " << to_text(judged.verdict)
                << " | " << judged.reason << " |\n";
            first = false;
        }
    }
}

}  // namespace litmus
