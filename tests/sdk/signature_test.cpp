// The texts, fingerprints and tiers of signatures. The texts are part of the contract between compiled plugins: one
// that changes here makes plugins of before and after refuse each other.
#include <gtest/gtest.h>

#include <heddle/callback.hpp>
#include <sstream>

#include "compilers.hpp"
#include "heddle_test/paths.hpp"
#include "signature_samples.hpp"

namespace {

using heddle::signature_fingerprint;
using heddle::signature_text;
using heddle::signature_tier;
using namespace samples;

// The texts name the standard library; those below are written for the one that Debian's compilers use.
std::string text(std::string_view signature) {
    std::string result(signature);
    const std::string tag = std::string(heddle::detail::library_tag) + ":";
    for (std::size_t at = 0; (at = result.find(tag, at)) != std::string::npos;) {
        result.replace(at, tag.size(), "lib:");
    }
    return result;
}

TEST(SignatureText, OfNumbersGoesByWidth) {
    EXPECT_EQ(signature_text<void()>, "void()");
    EXPECT_EQ((signature_text<void(bool, char, signed char, unsigned char, short, unsigned short, int, unsigned)>),
              "void(bool,char,i8,u8,i16,u16,i32,u32)");
    EXPECT_EQ((signature_text<void(long, unsigned long, long long, unsigned long long, float, double)>),
              "void(i64,u64,i64,u64,f32,f64)");
    EXPECT_EQ(signature_text<void(long double)>, "void(native:long double)");
}

TEST(SignatureText, OfViewsAsArgumentsIsPortable) {
    EXPECT_EQ((signature_text<void(std::string_view, double)>), "void(str,f64)");
    EXPECT_EQ((signature_text<void(std::span<const double>, std::span<std::int32_t>)>),
              "void(span<const f64>,span<i32>)");
    EXPECT_EQ(signature_tier<void(std::string_view, std::span<const double>)>, HEDDLE_TIER_PORTABLE);
}

TEST(SignatureText, OfViewsInsideOtherTypesNamesTheLibrary) {
    EXPECT_EQ(text(signature_text<void(std::span<const std::string_view>)>), "void(span<const lib:str>)");
    EXPECT_EQ(text(signature_text<void(const std::vector<std::span<const int>>&)>),
              "void(const lib:seq<lib:span<const i32>>&)");
    EXPECT_EQ(signature_tier<void(std::span<const std::string_view>)>, HEDDLE_TIER_LIBRARY);
    EXPECT_EQ(text(signature_text<void(const std::string_view&)>), "void(const lib:str&)") << "a reference to one";
}

TEST(SignatureText, OfEnumsHasTheirUnderlyingTypeAndNames) {
    EXPECT_EQ((signature_text<Colour(Offset, Plain, Flag)>),
              "Colour:u8{red=0,green=7,blue=8}(Offset:i64{back=-3,none=0},Plain:i16,Flag:bool)");
    EXPECT_EQ((signature_tier<Colour(Offset, Plain, Flag)>), HEDDLE_TIER_PORTABLE);
}

TEST(SignatureText, OfDescribedStructsHasFieldsOffsetsAndSize) {
    EXPECT_EQ((signature_text<Summary(std::string_view)>), "Summary{mean:f64@0,count:u64@8;16}(str)");
    EXPECT_EQ((signature_text<void(Padded)>),
              "void(Padded{letter:char@0,number:i64@8,flag:bool@16,colour:Colour:u8{red=0,green=7,blue=8}@17,"
              "three:array<i16,3>@18;24})");
    EXPECT_EQ(signature_tier<Padded(Summary)>, HEDDLE_TIER_PORTABLE);
    EXPECT_EQ(signature_text<Empty()>, "Empty{;1}()");
    EXPECT_EQ(signature_text<Private()>, "Private{a_:i32@0,b_:i32@4;8}()");
}

TEST(SignatureText, OfAStructThatIsNotWhollyDescribedBindsOnlyWithinAToolchain) {
    EXPECT_EQ(signature_text<void(HalfDescribed)>, "void(HalfDescribed{told:f64@0;16})");
    EXPECT_EQ(signature_tier<void(HalfDescribed)>, HEDDLE_TIER_TOOLCHAIN);
    EXPECT_EQ(signature_text<void(Shuffled)>, "void(Shuffled{second:i32@4,first:i32@0;8})");
    EXPECT_EQ(signature_tier<void(Shuffled)>, HEDDLE_TIER_TOOLCHAIN);
    EXPECT_EQ(signature_tier<void(Empty)>, HEDDLE_TIER_PORTABLE);
    EXPECT_EQ(signature_tier<void(Derived)>, HEDDLE_TIER_PORTABLE);
}

TEST(SignatureText, OfADerivedStructHasTheFieldsOfItsBaseFirst) {
    EXPECT_EQ(signature_text<Derived(Base)>, "Derived{below:i32@0,above:f32@4;8}(Base{below:i32@0;4})");
}

TEST(SignatureText, OfNestedStructsIsWrittenOutEachTime) {
    EXPECT_EQ(text(signature_text<Nested()>),
              "Nested{first:Summary{mean:f64@0,count:u64@8;16}@0,"
              "second:lib:opt<Summary{mean:f64@0,count:u64@8;16}>@16,"
              "more:lib:seq<Padded{letter:char@0,number:i64@8,flag:bool@16,"
              "colour:Colour:u8{red=0,green=7,blue=8}@17,three:array<i16,3>@18;24}>@40;64}()");
    EXPECT_EQ(signature_tier<Nested()>, HEDDLE_TIER_LIBRARY) << "one field of the library makes it all of it";
}

TEST(SignatureText, OfAStructInsideItselfIsItsNameThere) {
    EXPECT_EQ(text(signature_text<void(Tree)>),
              "void(Tree{name:lib:string@0,children:lib:seq<Tree>@32,named:lib:map<lib:string,Tree>@56;104})");
    EXPECT_EQ(text(signature_text<A(B)>),
              "A{bs:lib:seq<B{as:lib:seq<A>@0;24}>@0;24}(B{as:lib:seq<A{bs:lib:seq<B>@0;24}>@0;24})");
}

TEST(SignatureText, OfATemplateLeavesItsArgumentsOut) {
    EXPECT_EQ(text(signature_text<void(Box<std::string, 2>, Box<int, 4>)>),
              "void(Box{values:array<lib:string,2>@0;64},Box{values:array<i32,4>@0;16})");
}

TEST(SignatureText, OfTheLibrarysTypes) {
    EXPECT_EQ(text(signature_text<std::string(const std::string&, std::string&, std::string)>),
              "lib:string(const lib:string&,lib:string&,lib:string)");
    EXPECT_EQ(text(signature_text<std::map<std::string, std::vector<double>>(std::pair<int, std::string>)>),
              "lib:map<lib:string,lib:seq<f64>>(lib:pair<i32,lib:string>)");
    EXPECT_EQ(text(signature_text<std::optional<std::string>(std::optional<std::int64_t>)>),
              "lib:opt<lib:string>(lib:opt<i64>)");
    EXPECT_EQ(text(signature_text<void(const std::pair<const std::string, int>&)>),
              "void(const lib:pair<lib:string,i32>&)");
    EXPECT_EQ((signature_text<std::chrono::nanoseconds(std::chrono::seconds, std::chrono::hours, seconds32)>),
              "duration<i64,1/1000000000>(duration<i64,1/1>,duration<i64,3600/1>,duration<i32,1/1>)");
    EXPECT_EQ(signature_tier<std::chrono::nanoseconds()>, HEDDLE_TIER_PORTABLE);
    EXPECT_EQ(signature_tier<std::string()>, HEDDLE_TIER_LIBRARY);
}

TEST(SignatureText, OfCallbacksHoldsTheirSignature) {
    EXPECT_EQ(signature_text<void(heddle::callback<void(std::int32_t)>)>, "void(callback<void(i32)>)");
    EXPECT_EQ((signature_text<heddle::callback<Summary(std::string_view)>(heddle::callback<void()>)>),
              "callback<Summary{mean:f64@0,count:u64@8;16}(str)>(callback<void()>)");
    EXPECT_EQ(signature_tier<void(heddle::callback<void(std::string_view)>)>, HEDDLE_TIER_PORTABLE);
    EXPECT_EQ(signature_tier<void(heddle::callback<void(std::string)>)>, HEDDLE_TIER_LIBRARY);
    EXPECT_EQ(sizeof(heddle::callback<void()>), sizeof(void*));
}

TEST(SignatureText, OfAnythingElseIsBoundToTheToolchain) {
    EXPECT_EQ(signature_text<void(Undescribed)>, "void(native:samples::Undescribed)");
    EXPECT_EQ(signature_tier<void(Undescribed)>, HEDDLE_TIER_TOOLCHAIN);
    EXPECT_EQ((signature_tier<void(std::variant<int, double>)>), HEDDLE_TIER_TOOLCHAIN);
    EXPECT_EQ(signature_tier<void(void*)>, HEDDLE_TIER_TOOLCHAIN);
    EXPECT_EQ(signature_tier<void(std::vector<Undescribed>)>, HEDDLE_TIER_TOOLCHAIN);
    EXPECT_EQ(text(signature_text<void(std::vector<Undescribed>)>), "void(lib:seq<native:samples::Undescribed>)");
}

TEST(SignatureText, OfContainersWithAnotherAllocatorOrOrderIsNotThatOfTheUsualOnes) {
    EXPECT_NE(signature_text<void(std::pmr::vector<int>)>, signature_text<void(std::vector<int>)>);
    EXPECT_NE(signature_text<void(std::pmr::string)>, signature_text<void(std::string)>);
    EXPECT_NE((signature_text<void(std::map<int, int, std::greater<>>)>), (signature_text<void(std::map<int, int>)>));
    EXPECT_EQ(signature_tier<void(std::pmr::vector<int>)>, HEDDLE_TIER_TOOLCHAIN);
}

TEST(SignatureText, DoesNotSayWhichNamespaceATypeIsIn) {
    EXPECT_EQ(signature_text<Hidden()>, "Hidden{x:i32@0;4}()");
    struct Local {
        int y;
    };
    EXPECT_EQ(signature_text<void(std::array<Local, 1>)>.substr(0, 18), "void(array<native:");
}

// Known values of FNV-1a, 64 bits.
template <std::size_t N>
constexpr std::uint64_t fnv1a(const char (&text)[N]) {
    std::uint64_t hash = 0xcbf29ce484222325U;
    for (std::size_t i = 0; i + 1 < N; ++i) {
        hash = (hash ^ static_cast<unsigned char>(text[i])) * 0x100000001b3U;
    }
    return hash;
}
static_assert(fnv1a("") == 0xcbf29ce484222325U && fnv1a("a") == 0xaf63dc4c8601ec8cU &&
              fnv1a("foobar") == 0x85944171f73967e8U);  // test vectors of draft-eastlake-fnv

TEST(SignatureFingerprint, IsFnv1aOfTheText) {
    EXPECT_EQ(signature_fingerprint<void()>, fnv1a("void()"));
    EXPECT_EQ((signature_fingerprint<void(std::string_view, double)>), fnv1a("void(str,f64)"));
    EXPECT_EQ((signature_fingerprint<Summary(std::string_view)>), fnv1a("Summary{mean:f64@0,count:u64@8;16}(str)"));
}

TEST(Signature, IsHandedToTheHostWithSizeTextFingerprintAndTier) {
    const heddle_signature signature = heddle::detail::signature_of<std::string(std::string_view)>::abi();
    EXPECT_EQ(signature.size, sizeof(heddle_signature));
    EXPECT_EQ(signature.version, 1U);
    EXPECT_EQ(text({signature.text.data, signature.text.size}), "lib:string(str)");
    EXPECT_EQ(signature.text.data[signature.text.size], '\0') << "debuggers and C show it as it is";
    EXPECT_EQ(signature.fingerprint, signature_fingerprint<std::string(std::string_view)>);
    EXPECT_EQ(signature.tier, HEDDLE_TIER_LIBRARY);
}

TEST(SignatureText, IsTheSameWhicheverCompilerWroteIt) {
    std::string expected;
    each_signature([&]<class Sig>() {
        std::ostringstream line;
        line << signature_tier<Sig> << ' ' << signature_fingerprint<Sig> << ' ' << signature_text<Sig> << '\n';
        expected += line.str();
    });
    const heddle::test::TempDir folder;
    const auto source = folder.write("printer.cpp", R"(
#include <cstdio>
#include "signature_samples.hpp"
int main() {
    samples::each_signature([]<class Sig>() {
        std::printf("%u %lu %.*s\n", static_cast<unsigned>(heddle::signature_tier<Sig>),
                    static_cast<unsigned long>(heddle::signature_fingerprint<Sig>),
                    static_cast<int>(heddle::signature_text<Sig>.size()), heddle::signature_text<Sig>.data());
    });
}
)");
    for (const auto& compiler : heddle::test::compilers()) {
        const std::string program = (folder / compiler.name).string();
        const auto built = heddle::test::compile(
            compiler, {"-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I",
                       (heddle::test::source_dir() / "tests/sdk").string(), "-o", program, source.string()});
        ASSERT_EQ(built.exit_code, 0) << compiler.name << '\n' << built.err;
        const auto printed = heddle::test::run_program({program});
        EXPECT_EQ(printed.out, expected) << compiler.name;
    }
}

}  // namespace
