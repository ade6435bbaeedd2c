// core/pipeline.hpp - a pipeline as a type: stages joined by links, checked while it compiles.
//
//   using Line = Pipeline<Input<Frame, 256>,
//                         Stage<"parse", parse>,      Ring  <Packet, 256>,
//                         Parallel<4, StageOf<"count", Count>>, ...
//
// This file reads the type; `core/line` gives it memory and workers on a board.
#pragma once
#include <cstddef>
#include <tuple>
#include <type_traits>

#include <stator/core/link.hpp>
#include <stator/core/ports.hpp>
#include <stator/core/stage.hpp>

namespace stator {

template <typename E>
concept IsLink = requires {
    E::is_input;
};

template <typename... Elements>
struct Pipeline {
    using Tuple = std::tuple<Elements...>;
    template <std::size_t i>
    using Element = std::tuple_element_t<i, Tuple>;

    static constexpr bool has_input = [] {
        if constexpr (IsLink<Element<0>>)
            return Element<0>::is_input;
        else
            return false;
    }();
    static constexpr std::size_t first = has_input ? 1 : 0;
    static constexpr std::size_t stages = (sizeof...(Elements) + 1 - first) / 2;
    static constexpr Budget budget{};

    template <std::size_t i>
    using StageAt = Element<first + 2 * i>;
    // The link before stage i: i >= 1, or i == 0 where the pipeline has an input.
    template <std::size_t i>
    using LinkBefore = Element<first + 2 * i - 1>;

    static_assert(
        2 <= stages && stages <= 16,
        "a pipeline has 2 to 16 stages; split a longer one, or call a function from a stage");
    static_assert(
        (sizeof...(Elements) - first) % 2 == 1,
        "a pipeline ends with a stage, and a link stands between every two stages; add the "
        "missing one");
};

// The same with a limit from entry to the end of the sink: Within<50'000, Line> is 50 us.
template <std::int64_t ns, typename P>
struct Within : P {
    static constexpr Budget budget{std::chrono::nanoseconds{ns}};
};

template <typename P>
concept IsPipeline = requires {
    P::stages;
    P::has_input;
};

// Whether stages of a lane tell the end of it about items that end there: i has lanes, and they
// come together in order.
template <typename P, std::size_t i>
constexpr bool keeps_order() {
    if constexpr (P::template StageAt<i>::width == 1 || i + 1 == P::stages) {
        return false;
    } else if constexpr (P::template StageAt<i + 1>::width == 1) {
        return P::template LinkBefore<i + 1>::order == Order::in_order;
    } else {
        return keeps_order<P, i + 1>();
    }
}

// The link before stage i fits its two stages.
template <typename P, std::size_t i>
constexpr bool link_fits() {
    using Link = typename P::template LinkBefore<i>;
    constexpr std::size_t to = P::template StageAt<i>::width;
    if constexpr (i == 0) {
        static_assert(to == 1, "an Input feeds one stage; put a stage and a FanOut behind it");
    } else {
        constexpr std::size_t from = P::template StageAt<i - 1>::width;
        constexpr bool in_order = keeps_order<P, i - 1>();
        static_assert(!Link::is_input, "an Input is the first element; use a Ring between stages");
        static_assert(
            from == to || from == 1 || to == 1,
            "two parallel stages of different width cannot be joined; put a stage between");
        static_assert(Link::is_fan_out == (from == 1 && to > 1),
                      "one stage before several lanes needs a FanOut, and only there");
        static_assert(Link::is_fan_in == (from > 1 && to == 1),
                      "several lanes before one stage need a FanIn, and only there");
        static_assert(
            !in_order || Link::full == Full::wait,
            "lanes that come together in order cannot lose items; use Full::wait in them");
        if constexpr (to > 1)
            static_assert(!keeps_order<P, i>() || Link::full != Full::drop_oldest,
                          "lanes that come together in order cannot lose items; use Full::wait or "
                          "Full::reject in the FanOut");
        if constexpr (i == 1)
            static_assert(from == 1 || !in_order,
                          "lanes come together in order only where a FanOut has parted them; put a "
                          "stage and a FanOut before, or use Order::any");
    }
    return true;
}

// Stage i can be called with the items of the links on its two sides.
template <typename P, std::size_t i>
constexpr bool stage_fits() {
    using S = typename P::template StageAt<i>::State;
    static_assert(std::is_nothrow_default_constructible_v<S> || std::is_default_constructible_v<S>,
                  "a stage's class is made at start by its default constructor; give it one");
    if constexpr (i == 0 && !P::has_input) {
        static_assert(IsSource<S, typename P::template LinkBefore<1>::Item>,
                      "the first stage must be  Poll stage(Out&)  with Out = the item of the link "
                      "after it");
    } else if constexpr (i + 1 == P::stages) {
        static_assert(
            IsSink<S, typename P::template LinkBefore<i>::Item>,
            "the last stage must be  void stage(const In&)  with In = the item of the link "
            "before it");
    } else {
        using Out = typename P::template LinkBefore<i + 1>::Item;
        static_assert(IsMiddle<S, typename P::template LinkBefore<i>::Item, Out>,
                      "a middle stage must be  bool stage(const In&, Out&)  with the items of the "
                      "links on its two sides");
        static_assert(!(keeps_order<P, i>() && HasFinish<S, Out>),
                      "a stage in lanes that come together in order cannot add items at the end; "
                      "move finish() behind the FanIn");
    }
    return true;
}

// The end of stage i towards its input and its output.
template <typename P, std::size_t i>
constexpr auto in_port() {
    if constexpr (i == 0 && !P::has_input) {
        return std::type_identity<NoPort>{};
    } else {
        using Link = typename P::template LinkBefore<i>;
        constexpr std::size_t width = [] {
            if constexpr (i == 0)
                return std::size_t{1};
            else
                return P::template StageAt<i>::width > 1 ? 1 : P::template StageAt<i - 1>::width;
        }();
        return std::type_identity<InPort<LaneOf<Link>, width, Link::order>>{};
    }
}

template <typename P, std::size_t i>
constexpr auto out_port() {
    if constexpr (i + 1 == P::stages) {
        return std::type_identity<NoPort>{};
    } else {
        using Link = typename P::template LinkBefore<i + 1>;
        constexpr std::size_t width = P::template StageAt<i + 1>::width;
        if constexpr (P::template StageAt<i>::width == 1 && width > 1)
            return std::type_identity<FanOutPort<LaneOf<Link>, width, Link>>{};
        else
            return std::type_identity<OutPort<LaneOf<Link>>>{};
    }
}

}  // namespace stator
