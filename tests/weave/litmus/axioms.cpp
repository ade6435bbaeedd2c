// tests/weave/litmus/axioms.cpp - all candidate executions of a program, and the axioms they face.
//
// A candidate execution is a set of events with four relations:
//    sb   sequenced before: the order of the program; the initial stores come before everything
//    rmw  the read of a read-modify-write with its write
//    rf   reads from: each read has one write of the same location, any one
//    mo   modification order: the writes of each location in some total order
// Candidates differ in rf and mo alone. Nothing here runs anything: the axioms look at a complete
// execution and accept it or do not. What an event reads follows from rf.
#include "axioms.hpp"

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "relation.hpp"

namespace litmus {
namespace {

enum class Type { read, write, fence };

struct Event {
    Type type = Type::fence;
    Location location = Location::x;
    std::memory_order order = std::memory_order::relaxed;
    Operation operation;  // an initial store has a store of 0
};

// The read of a read-modify-write has no use for a release, nor its write for an acquire.
std::memory_order order_of_read(std::memory_order order) {
    if (order == std::memory_order::acq_rel) return std::memory_order::acquire;
    return order == std::memory_order::release ? std::memory_order::relaxed : order;
}
std::memory_order order_of_write(std::memory_order order) {
    if (order == std::memory_order::acq_rel) return std::memory_order::release;
    return order == std::memory_order::acquire ? std::memory_order::relaxed : order;
}

struct Execution {
    std::vector<Event> events;
    Events initial = 0;
    Relation sb, rmw, rf, mo;
};

std::size_t add_event(Execution& execution, const Event& added) {
    if (execution.events.size() == most_events) std::abort();  // the program is too long
    execution.events.push_back(added);
    return execution.events.size() - 1;
}

// The events of a program with sb and rmw; rf and mo are still empty. Bit i of `succeeding`: the
// compare-exchange number i does; otherwise it is a load.
Execution without_choices(const Program& program, unsigned succeeding) {
    Execution execution;
    for (std::size_t i = 0; i < locations; ++i) {
        const auto location = static_cast<Location>(i);
        const Operation zero = store(location, 0, std::memory_order::relaxed);
        execution.initial |= event(add_event(execution, {Type::write, location, zero.order, zero}));
    }
    for (const Thread& thread : program.threads) {
        Events earlier = execution.initial;
        const auto append = [&](Type type, const Operation& operation, std::memory_order order) {
            const auto added = add_event(execution, {type, operation.location, order, operation});
            for (std::size_t i = 0; i < added; ++i)
                if ((earlier & event(i)) != 0) execution.sb.add(i, added);
            earlier |= event(added);
            return added;
        };
        for (const Operation& operation : thread) {
            bool fails = false;
            if (operation.kind == Kind::compare_exchange) {
                fails = succeeding % 2 == 0;
                succeeding /= 2;
            }
            const std::memory_order order = fails ? operation.failure : operation.order;
            if (operation.kind == Kind::fence) append(Type::fence, operation, order);
            if (reads(operation)) append(Type::read, operation, order_of_read(order));
            if (writes(operation) && !fails) {
                const auto write = append(Type::write, operation, order_of_write(order));
                if (reads(operation)) execution.rmw.add(write - 1, write);
            }
        }
    }
    return execution;
}

// The events for which `holds` is true.
template <typename Predicate>
Events all(const Execution& execution, Predicate holds) {
    Events set = 0;
    for (std::size_t i = 0; i < execution.events.size(); ++i)
        if (holds(execution.events[i])) set |= event(i);
    return set;
}

// ---- The axioms ----

// What the axioms of both models are written with.
struct Derived {
    Events fences, writes, reads, seq_cst;
    Relation same_location;
    Relation eco;  // extended coherence order: what a location's history puts before what
    Relation rb;   // reads before: the read of an older value, and the write of a newer one
    Relation sw;   // synchronises with
    Relation hb;   // happens before
};

Derived derive(const Execution& x) {
    using enum std::memory_order;
    Derived d;
    d.fences = all(x, [](const Event& e) { return e.type == Type::fence; });
    d.writes = all(x, [](const Event& e) { return e.type == Type::write; });
    d.reads = all(x, [](const Event& e) { return e.type == Type::read; });
    d.seq_cst = all(x, [](const Event& e) { return e.order == seq_cst; });
    for (std::size_t i = 0; i < x.events.size(); ++i)
        for (std::size_t j = 0; j < x.events.size(); ++j)
            if (((d.fences & (event(i) | event(j))) == 0) &&
                x.events[i].location == x.events[j].location)
                d.same_location.add(i, j);

    d.rb = sequence(inverse(x.rf), x.mo);
    d.eco = closure(x.rf | x.mo | d.rb);

    const Events releasing =
        d.seq_cst | all(x, [](const Event& e) { return e.order == release || e.order == acq_rel; });
    const Events acquiring =
        d.seq_cst | all(x, [](const Event& e) { return e.order == acquire || e.order == acq_rel; });
    // rs = [W]; (rf; rmw)*
    const Relation rs =
        sequence(only(d.writes & ~x.initial), optional(closure(sequence(x.rf, x.rmw))));
    // sw = [E rel]; ([F]; sb)?; rs; rf; [R]; (sb; [F])?; [E acq]
    d.sw = sequence(only(releasing), optional(sequence(only(d.fences), x.sb)), rs, x.rf,
                    only(d.reads), optional(sequence(x.sb, only(d.fences))), only(acquiring));
    // hb = (sb | sw)+
    d.hb = closure(x.sb | d.sw);
    return d;
}

// Coherence: hb; eco? is irreflexive.
bool is_coherent(const Derived& d) {
    return is_irreflexive(sequence(d.hb, optional(d.eco)));
}

// Atomicity: no write comes between the two halves of a read-modify-write.
bool is_atomic(const Execution& x, const Derived& d) {
    return is_empty(x.rmw & sequence(d.rb, x.mo));
}

// psc_base | psc_fence of RC11, which is acyclic.
Relation partial_sc(const Execution& x, const Derived& d) {
    const Relation& sb = x.sb;
    const Relation sb_other = sb - d.same_location;
    const Relation scb =
        sb | sequence(sb_other, d.hb, sb_other) | (d.hb & d.same_location) | x.mo | d.rb;
    const Relation sc = only(d.seq_cst);
    const Relation sc_fence = only(d.seq_cst & d.fences);
    const Relation psc_base = sequence(sc | sequence(sc_fence, optional(d.hb)), scb,
                                       sc | sequence(optional(d.hb), sc_fence));
    const Relation psc_fence = sequence(sc_fence, d.hb | sequence(d.hb, d.eco, d.hb), sc_fence);
    return psc_base | psc_fence;
}

// No thin air, in the form of RC11: sb | rf is acyclic.
bool is_in_order(const Execution& x) {
    return is_acyclic(x.sb | x.rf);
}

// The relation between operations: a read-modify-write is one, though two events.
Relation of_operations(const Execution& x, const Relation& between_events) {
    const Relation one = optional(x.rmw | inverse(x.rmw));
    return sequence(one, between_events - one, one);
}

// One order of execution agrees with sb, rf and psc, with mo behind each read-modify-write, and, as
// in C++20, puts a seq_cst operation before a fence that knows of something newer.
bool has_order_of_execution(const Execution& x, const Derived& d) {
    const Relation behind = sequence(x.rmw, x.mo);
    const Relation before_fence =
        sequence(only(d.seq_cst), d.eco, d.hb, only(d.seq_cst & d.fences));
    return is_acyclic(of_operations(x, x.sb | x.rf | partial_sc(x, d) | behind | before_fence));
}

// [atomics.order] 3 and 4: a total order S of all seq_cst operations can agree with what strongly
// happens before and with the coherence order, also as fences see it.
bool has_order_s(const Execution& x, const Derived& d) {
    const Relation sc = only(d.seq_cst);
    const Relation sc_fence = only(d.seq_cst & d.fences);
    const Relation program = x.sb - x.rmw;  // between operations, not within one
    const Relation strong =
        closure(x.sb | sequence(sc, d.sw, sc) | sequence(program, d.hb, program));
    const Relation coherent =
        sequence(sc | sequence(sc_fence, d.hb), d.eco, sc | sequence(d.hb, sc_fence));
    return is_acyclic(of_operations(x, sequence(sc, strong, sc) | coherent));
}

bool is_consistent(const Execution& x, Model model) {
    const Derived d = derive(x);
    if (!is_coherent(d) || !is_atomic(x, d)) return false;
    if (model == Model::cpp20) return has_order_s(x, d);
    return is_in_order(x) && is_acyclic(partial_sc(x, d)) &&
           (model == Model::rc11 || has_order_of_execution(x, d));
}

// ---- Values ----

// What each event reads or writes; nothing when a value has no source but itself.
std::optional<std::vector<int>> values_of(const Execution& x) {
    std::vector<std::optional<int>> value(x.events.size());
    for (std::size_t round = 0; round < x.events.size(); ++round) {
        for (std::size_t i = 0; i < x.events.size(); ++i) {
            const Event& e = x.events[i];
            if (e.type == Type::fence) value[i] = 0;
            if (e.type == Type::write && e.operation.kind != Kind::fetch_add)
                value[i] = e.operation.value;
            if (e.type == Type::write && e.operation.kind == Kind::fetch_add && value[i - 1])
                value[i] = *value[i - 1] + e.operation.value;
            for (std::size_t source = 0; source < x.events.size(); ++source)
                if (x.rf.has(source, i)) value[i] = value[source];
        }
    }
    std::vector<int> result;
    for (const std::optional<int>& known : value) {
        if (!known) return std::nullopt;
        result.push_back(*known);
    }
    return result;
}

// Whether each compare-exchange has found what it succeeds or fails with.
bool compare_rightly(const Execution& x, const std::vector<int>& values) {
    for (std::size_t i = 0; i < x.events.size(); ++i) {
        const Event& e = x.events[i];
        if (e.type != Type::read || e.operation.kind != Kind::compare_exchange) continue;
        const bool succeeds = x.rmw.rows[i] != 0;
        if ((values[i] == e.operation.expected) != succeeds) return false;
    }
    return true;
}

Outcome outcome_of(const Program& program, const Execution& x, const std::vector<int>& values) {
    Outcome outcome(count_registers(program));
    for (std::size_t i = 0; i < x.events.size(); ++i)
        if (x.events[i].type == Type::read) outcome.at(x.events[i].operation.result) = values[i];
    for (const Location location : program.finals)
        for (std::size_t i = 0; i < x.events.size(); ++i)
            if (x.events[i].type == Type::write && x.events[i].location == location &&
                x.mo.rows[i] == 0)
                outcome.push_back(values[i]);
    return outcome;
}

// ---- The candidates ----

struct Search {
    const Program& program;
    Model model;
    std::set<Outcome> found;
};

// Gives mo to the locations from `index` on, in every way, and judges what comes out. The initial
// store of a location is the first of its order: it happens before all the others.
void choose_mo(Search& search, Execution& x, std::size_t index) {
    if (index == locations) {
        const auto values = values_of(x);
        if (values && compare_rightly(x, *values) && is_consistent(x, search.model))
            search.found.insert(outcome_of(search.program, x, *values));
        return;
    }
    std::vector<std::size_t> writes;
    for (std::size_t i = locations; i < x.events.size(); ++i)
        if (x.events[i].type == Type::write && x.events[i].location == static_cast<Location>(index))
            writes.push_back(i);
    const Relation before = x.mo;
    do {
        x.mo = before;
        for (std::size_t i = 0; i < writes.size(); ++i) {
            x.mo.add(index, writes[i]);  // the initial store of location i is event i
            for (std::size_t j = i + 1; j < writes.size(); ++j) x.mo.add(writes[i], writes[j]);
        }
        choose_mo(search, x, index + 1);
    } while (std::next_permutation(writes.begin(), writes.end()));
    x.mo = before;
}

// Gives every read from event `index` on each write of its location in turn.
void choose_rf(Search& search, Execution& x, std::size_t index) {
    if (index == x.events.size()) return choose_mo(search, x, 0);
    const Event& reader = x.events[index];
    if (reader.type != Type::read) return choose_rf(search, x, index + 1);
    for (std::size_t source = 0; source < x.events.size(); ++source) {
        if (x.events[source].type != Type::write || x.events[source].location != reader.location)
            continue;
        const Relation before = x.rf;
        x.rf.add(source, index);
        choose_rf(search, x, index + 1);
        x.rf = before;
    }
}

unsigned count_comparisons(const Program& program) {
    unsigned count = 0;
    for (const Thread& thread : program.threads)
        for (const Operation& operation : thread)
            count += operation.kind == Kind::compare_exchange ? 1 : 0;
    return count;
}

}  // namespace

std::set<Outcome> outcomes(const Program& program, Model model) {
    Search search{.program = program, .model = model, .found = {}};
    for (unsigned succeeding = 0; succeeding >> count_comparisons(program) == 0; ++succeeding) {
        Execution execution = without_choices(program, succeeding);
        choose_rf(search, execution, 0);
    }
    return search.found;
}

}  // namespace litmus
