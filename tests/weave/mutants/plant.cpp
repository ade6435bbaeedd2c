// tests/weave/mutants/plant.cpp - writes copies of core with all mutants inside, each behind a
// number.
//
//     plant MUTANTS_FILE SOURCE_ROOT OUT_DIR
//
// Every file that a mutant names is written to OUT_DIR/stator/core, and the table of all mutants to
// OUT_DIR/mutants.hpp. Lines keep their numbers. How the list is written stands at its top.
#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

// One change of a file: what stands at begin..end, or `mutated` where the mutant is planted.
struct Edit {
    bool is_statement = false;
    std::string original, mutated;
    std::size_t number = 0;  // the mutant's
    std::size_t begin = 0, end = 0;
};

struct Mutant {
    std::string name, breaks, file;
    std::vector<Edit> edits;
};

[[noreturn]] void give_up(const std::string& what) {
    std::cerr << "plant: " << what << '\n';
    std::exit(2);
}

std::string trimmed(std::string_view text) {
    const auto is_blank = [](char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; };
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    return std::string(text);
}

std::string read_file(const std::filesystem::path& path) {
    std::ifstream file(path);
    if (!file) give_up("cannot read " + path.string() + "; give the root of the source tree");
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void write_file(const std::filesystem::path& path, const std::string& text) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream file(path);
    file << text;
    if (!file.flush()) give_up("cannot write " + path.string());
}

// ---- The list ----

// The next edit of a mutant, or its last one, takes a line of the list.
void take_change(Mutant& mutant, char mark, const std::string& text, std::size_t line) {
    const bool is_old = mark == '-' || mark == '~';
    const bool is_statement = mark == '-' || mark == '+';
    std::vector<Edit>& edits = mutant.edits;
    // A line that continues the original lines of the last edit.
    const bool goes_on = mark == '-' && !edits.empty() && edits.back().is_statement &&
                         edits.back().mutated.empty() && edits.back().number == 0;
    if (is_old && !goes_on)
        edits.push_back({.is_statement = is_statement, .original = {}, .mutated = {}});
    if (edits.empty() || edits.back().is_statement != is_statement)
        give_up("line " + std::to_string(line) + ": '" + mark + "' without its original before it");
    Edit& edit = edits.back();
    std::string& target = is_old ? edit.original : edit.mutated;
    if (is_old && goes_on) target += '\n';
    if (!is_old) {
        edit.number = 1;  // its original is complete
        if (!target.empty()) target += ' ';
    }
    target += text;
}

std::vector<Mutant> read_list(const std::filesystem::path& path) {
    std::vector<Mutant> mutants;
    std::istringstream lines(read_file(path));
    std::string line;
    for (std::size_t number = 1; std::getline(lines, line); ++number) {
        line = trimmed(line);
        if (line.empty() || line.front() == '#') continue;
        const std::size_t blank = std::min(line.find_first_of(" \t"), line.size());
        const std::string word = line.substr(0, blank), rest = trimmed(line.substr(blank));
        if (word == "mutant") {
            mutants.push_back({.name = rest, .breaks = {}, .file = {}, .edits = {}});
            continue;
        }
        if (mutants.empty()) give_up("line " + std::to_string(number) + ": begin with `mutant`");
        Mutant& mutant = mutants.back();
        if (word == "breaks")
            mutant.breaks = rest;
        else if (word == "file")
            mutant.file = rest;
        else if (word == "-" || word == "+" || word == "~" || word == ">")
            take_change(mutant, word.front(), rest, number);
        else
            give_up("line " + std::to_string(number) + ": unknown word '" + word + "'");
    }
    for (std::size_t i = 0; i < mutants.size(); ++i)
        for (Edit& edit : mutants[i].edits) edit.number = i + 1;
    return mutants;
}

void check(const std::vector<Mutant>& mutants) {
    for (const Mutant& mutant : mutants) {
        if (mutant.name.empty() || mutant.breaks.empty() || mutant.file.empty())
            give_up("mutant '" + mutant.name + "' needs a name, breaks and file");
        if (mutant.edits.empty()) give_up("mutant '" + mutant.name + "' changes nothing");
        for (const Edit& edit : mutant.edits)
            if (edit.original.empty() || (!edit.is_statement && edit.mutated.empty()))
                give_up("mutant '" + mutant.name + "' has an edit without a text");
        const auto same = [&](const Mutant& other) { return other.name == mutant.name; };
        if (std::count_if(mutants.begin(), mutants.end(), same) > 1)
            give_up("two mutants are named '" + mutant.name + "'; rename one");
    }
}

// ---- Finding the places ----

// Where a line's code ends: before its comment and the blanks before that.
std::size_t end_of_code(const std::string& text, std::size_t begin, std::size_t end) {
    const std::size_t comment = std::min(text.find(" //", begin), end);
    std::size_t last = comment;
    while (last > begin && std::isspace(static_cast<unsigned char>(text[last - 1])) != 0) --last;
    return last;
}

std::vector<std::size_t> line_starts(const std::string& text) {
    std::vector<std::size_t> starts = {0};
    for (std::size_t i = 0; i < text.size(); ++i)
        if (text[i] == '\n') starts.push_back(i + 1);
    starts.push_back(text.size() + 1);  // where the line after the last would start
    return starts;
}

// How often the edit's lines stand in `text`; the edit's place is the last one.
std::size_t find_lines(Edit& edit, const std::string& text) {
    const std::vector<std::size_t> starts = line_starts(text);
    std::vector<std::string> wanted;
    std::istringstream lines(edit.original);
    for (std::string line; std::getline(lines, line);) wanted.push_back(line);
    std::size_t found = 0;
    for (std::size_t i = 0; i + wanted.size() < starts.size(); ++i) {
        bool same = true;
        for (std::size_t k = 0; same && k < wanted.size(); ++k) {
            const std::size_t from = starts[i + k], to = starts[i + k + 1] - 1;
            same = trimmed(std::string_view(text).substr(from, to - from)) == wanted[k];
        }
        if (!same) continue;
        ++found;
        const std::size_t last = i + wanted.size() - 1;
        edit.begin = text.find_first_not_of(" \t", starts[i]);
        edit.end = end_of_code(text, starts[last], starts[last + 1] - 1);
    }
    return found;
}

std::size_t find_text(Edit& edit, const std::string& text) {
    std::size_t found = 0;
    for (std::size_t at = text.find(edit.original); at != std::string::npos;
         at = text.find(edit.original, at + 1)) {
        ++found;
        edit.begin = at;
        edit.end = at + edit.original.size();
    }
    return found;
}

void find(Edit& edit, const Mutant& mutant, const std::string& text) {
    const std::size_t found = edit.is_statement ? find_lines(edit, text) : find_text(edit, text);
    if (found == 1) return;
    give_up(mutant.file + ", mutant '" + mutant.name + "': its original text stands there " +
            std::to_string(found) + " times, not once:\n    " + edit.original +
            "\nThe file has changed, or the text is too short: write in mutants.txt what stands "
            "there now, with enough of it to be found once.");
}

// ---- Writing ----

// `text` from begin to end with all edits from `first` on that lie inside.
std::string planted(const std::string& text, std::size_t begin, std::size_t end,
                    std::vector<Edit>::const_iterator first,
                    std::vector<Edit>::const_iterator last) {
    std::string out;
    while (first != last) {
        const Edit& edit = *first;
        const auto inside = std::find_if(
            std::next(first), last, [&](const Edit& other) { return other.begin >= edit.end; });
        for (auto other = std::next(first); other != inside; ++other)
            if (other->end > edit.end)
                give_up("the mutants number " + std::to_string(edit.number) + " and " +
                        std::to_string(other->number) + " overlap; let one contain the other");
        const std::string is_it = "::stator::sync::planted == " + std::to_string(edit.number);
        const std::string original = planted(text, edit.begin, edit.end, std::next(first), inside);
        out += text.substr(begin, edit.begin - begin);
        if (edit.is_statement)
            out += "if (" + is_it + ") { " + edit.mutated + " } else { " + original + " }";
        else
            out += "(" + is_it + " ? (" + edit.mutated + ") : (" + original + "))";
        begin = edit.end;
        first = inside;
    }
    return out + text.substr(begin, end - begin);
}

std::string with_all(std::vector<Edit> edits, const std::string& name, const std::string& text) {
    std::sort(edits.begin(), edits.end(), [](const Edit& a, const Edit& b) {
        if (a.begin != b.begin) return a.begin < b.begin;
        if (a.end != b.end) return a.end > b.end;
        return a.is_statement > b.is_statement;
    });
    return "#line 1 \"" + name + "\"\n" + planted(text, 0, text.size(), edits.begin(), edits.end());
}

std::string table(const std::vector<Mutant>& mutants) {
    std::string out =
        "// mutants.hpp - the mutants of mutants.txt; written by plant.\n#pragma once\n"
        "#include <array>\n\nnamespace stator::test {\n\n"
        "struct Mutant {\n    const char *name, *breaks, *file;\n};\n"
        "inline constexpr std::array<Mutant, " +
        std::to_string(mutants.size()) + "> mutants = {{\n";
    for (const Mutant& m : mutants)
        out += "    {\"" + m.name + "\", \"" + m.breaks + "\", \"" + m.file + "\"},\n";
    return out + "}};\n\n}  // namespace stator::test\n";
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 4) give_up("usage: plant MUTANTS_FILE SOURCE_ROOT OUT_DIR");
    const std::filesystem::path root = arguments[2], out = arguments[3];
    std::vector<Mutant> mutants = read_list(arguments[1]);
    check(mutants);
    std::map<std::string, std::vector<Edit>> edits;
    std::map<std::string, std::string> texts;
    for (Mutant& mutant : mutants) {
        std::string& text = texts[mutant.file];
        if (text.empty()) text = read_file(root / mutant.file);
        for (Edit& edit : mutant.edits) {
            find(edit, mutant, text);
            edits[mutant.file].push_back(edit);
        }
    }
    for (const auto& [file, of_file] : edits)
        write_file(out / "stator" / file, with_all(of_file, (root / file).string(), texts[file]));
    write_file(out / "mutants.hpp", table(mutants));
}
