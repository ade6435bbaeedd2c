// core/tables.hpp - an application's own static memory, in the same plan as everything else.
//
//   PerNode<T>      one T on every node that has a worker
//   NodePool<T, n>  one ObjectPool of n T on every such node
//
// Both are parts of a Scheduler: `Scheduler<board, Line, PerNode<Table>, NodePool<Frame, 512>>`.
// The objects are made by their default constructors at start, and live until the next start or the
// end of the scheduler, so results can be read after `stop`.
#pragma once
#include <array>
#include <cstddef>
#include <memory>
#include <new>

#include <stator/core/board.hpp>
#include <stator/core/name.hpp>
#include <stator/core/object_pool.hpp>
#include <stator/core/plan.hpp>

namespace stator {

template <typename T>
struct PerNode {
    using Object = T;
    static constexpr Piece piece(int node) { return piece_of<T>("table", type_name<T>(), node); }
};

template <typename T, std::size_t n>
struct NodePool {
    using Object = ObjectPool<T, n>;
    static constexpr Piece piece(int node) {
        return piece_of<Object>("pool", type_name<T>(), node);
    }
};

template <typename Part>
concept IsTable = requires {
    typename Part::Object;
    Part::piece(0);
};

// The nodes of a board that have a worker, as positions in .machine.nodes, in ascending order.
template <const Board& b>
struct UsedNodes {
private:
    static constexpr bool uses(std::size_t node) {
        for (std::size_t i = 0; i < b.workers.size(); ++i)
            if (b.node_of_worker(static_cast<int>(i)) == static_cast<int>(node)) return true;
        return false;
    }
    static constexpr std::size_t count_them() {
        std::size_t n = 0;
        for (std::size_t i = 0; i < b.machine.nodes.size(); ++i) n += uses(i) ? 1 : 0;
        return n;
    }

public:
    static constexpr std::size_t count = count_them();
    static constexpr std::array<int, count> positions = [] {
        std::array<int, count> all{};
        std::size_t n = 0;
        for (std::size_t i = 0; i < b.machine.nodes.size(); ++i)
            if (uses(i)) all[n++] = static_cast<int>(i);
        return all;
    }();
};

// A PerNode or NodePool on a board.
template <const Board& b, typename Part>
class TableOn {
    using Nodes = UsedNodes<b>;
    using Object = typename Part::Object;

public:
    static constexpr std::size_t piece_count = Nodes::count;

    static constexpr std::array<Piece, piece_count> pieces() {
        std::array<Piece, piece_count> all{};
        for (std::size_t i = 0; i < piece_count; ++i) all[i] = Part::piece(Nodes::positions[i]);
        return all;
    }
    void construct(std::byte* const* at) {
        for (std::size_t i = 0; i < piece_count; ++i) objects_[i] = new (at[i]) Object;
    }
    void destroy() {
        for (Object* object : objects_) std::destroy_at(object);
    }
    // The object of the `i`-th used node, 0 <= i < UsedNodes<b>::count.
    [[nodiscard]] Object& on(std::size_t i) { return *objects_[i]; }

private:
    std::array<Object*, piece_count> objects_{};
};

}  // namespace stator
