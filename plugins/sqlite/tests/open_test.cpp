// Which files are taken, and which are refused without a byte of them changed.
#include "heddle_test/temp_dir.hpp"
#include "schema.hpp"
#include "store_fixture.hpp"

namespace sqlite {
namespace {

using heddle::test::read_file;

class OpenTest : public StoreFixture {
public:
    // The text that opening is refused with, the folder's name left out; empty when it isn't refused.
    std::string refusal() {
        try {
            open();
        } catch (const Error& error) {
            messages.emplace_back(error.what());
            const std::string text = said().back();
            messages.pop_back();
            return text;
        }
        return "";
    }
};

TEST_F(OpenTest, MakesANewFileWithTheSchemaOfItsVersion) {
    open();
    EXPECT_EQ(in_file("PRAGMA user_version"), schema_version());
    EXPECT_EQ(in_file("PRAGMA application_id"), application_id);
    EXPECT_EQ(text_in_file("PRAGMA journal_mode"), "wal");
    EXPECT_EQ(in_file("PRAGMA auto_vacuum"), 2) << "incremental";
}

TEST_F(OpenTest, TakesAnEmptyFileForANewOne) {
    dir.write("samples.db", "");
    EXPECT_EQ(refusal(), "");
    EXPECT_EQ(in_file("PRAGMA user_version"), schema_version());
}

TEST_F(OpenTest, GoesOnWhereMakingTheFileWasCutOff) {
    {
        Database half{settings.path, Database::Mode::create};
        half.execute("PRAGMA auto_vacuum = INCREMENTAL");
        half.execute("PRAGMA journal_mode = WAL");
    }
    EXPECT_EQ(refusal(), "");
    EXPECT_EQ(in_file("PRAGMA user_version"), schema_version());
}

TEST_F(OpenTest, RefusesAFileThatIsNoDatabase) {
    for (const std::string& content : {std::string{"hello"}, std::string(10000, 'x')}) {
        dir.write("samples.db", content);
        EXPECT_EQ(
            refusal(),
            "'DIR/samples.db' is not a SQLite database; move it away, or set 'path' to another file (the file was "
            "not changed)");
        EXPECT_EQ(read_file(settings.path), content);
        EXPECT_FALSE(std::filesystem::exists(settings.path + "-wal"));
    }
}

TEST_F(OpenTest, RefusesAFileOfANewerSchema) {
    open();
    Database{settings.path, Database::Mode::existing}.execute("PRAGMA user_version = 7");
    const std::string content = read_file(settings.path);
    EXPECT_EQ(
        refusal(),
        "'DIR/samples.db' has schema 7, and this plugin knows schemas up to 1; use the newer plugin that wrote it, "
        "or set 'path' to another file (the file was not changed)");
    EXPECT_EQ(read_file(settings.path), content);
}

TEST_F(OpenTest, RefusesTheDatabaseOfAnotherProgram) {
    Database{settings.path, Database::Mode::create}.execute("CREATE TABLE bookmarks (url TEXT)");
    const std::string content = read_file(settings.path);
    EXPECT_EQ(refusal(),
              "'DIR/samples.db' is a SQLite database of another program; set 'path' to another file (the file was not "
              "changed)");
    EXPECT_EQ(read_file(settings.path), content);
}

TEST_F(OpenTest, RefusesADamagedFile) {
    open();
    std::string content = read_file(settings.path);
    content.replace(100, 400, std::string(400, '\x7f'));  // the header is whole, the first page's tree isn't
    dir.write("samples.db", content);
    EXPECT_EQ(refusal(),
              "'DIR/samples.db' is damaged; move it away (`sqlite3 FILE .recover` may save its rows), or set 'path' to "
              "another file (the file was not changed)");
    EXPECT_EQ(read_file(settings.path), content);
}

TEST_F(OpenTest, RefusesADirectory) {
    settings.path = dir.path().string();
    EXPECT_EQ(refusal(), "'DIR' is a directory; set 'path' to a file in it (the file was not changed)");
}

TEST_F(OpenTest, RefusesAPathWhoseDirectoryIsMissing) {
    settings.path = (dir / "missing/samples.db").string();
    EXPECT_EQ(refusal(),
              "can't open 'DIR/missing/samples.db': there is no directory 'DIR/missing'; make it, or correct 'path'");
}

TEST_F(OpenTest, TakesAPathWithoutADirectory) {
    const auto before = std::filesystem::current_path();
    std::filesystem::current_path(dir.path());
    settings.path = "plain.db";
    EXPECT_EQ(refusal(), "");
    std::filesystem::current_path(before);
    EXPECT_TRUE(std::filesystem::exists(dir / "plain.db"));
}

TEST_F(OpenTest, LetsTwoStoresShareAFile) {
    Store first = open();
    Store second = open();
    first.write("s", 1, 1);
    flush(first);
    second.write("s", 2, 2);
    flush(second);
    EXPECT_EQ(first.query("s", ever, always).size(), 2U);
    EXPECT_EQ(in_file("SELECT count(*) FROM series"), 1);
}

TEST_F(OpenTest, DoesNotTrustAnIdOfASeriesThatAnotherConnectionTookAway) {
    Store store = open();
    store.write("s", 1, 1);
    flush(store);
    Database{settings.path, Database::Mode::existing}.execute("DELETE FROM samples; DELETE FROM series");
    Database{settings.path, Database::Mode::existing}.execute("INSERT INTO series (name) VALUES ('other')");
    store.write("s", 2, 2);
    flush(store);
    EXPECT_EQ(store.query("s", ever, always).size(), 1U);
    EXPECT_EQ(store.query("other", ever, always).size(), 0U);
}

TEST(Transaction, UndoesWhatWasNotCommitted) {
    const heddle::test::TempDir dir;
    Database database{(dir / "t.db").string(), Database::Mode::create};
    database.execute("CREATE TABLE t (a)");
    {
        Transaction transaction{database};
        database.execute("INSERT INTO t VALUES (1)");
    }
    EXPECT_EQ(database.integer("SELECT count(*) FROM t"), 0);
    {
        Transaction transaction{database};
        database.execute("INSERT INTO t VALUES (1)");
        transaction.commit();
    }
    EXPECT_EQ(database.integer("SELECT count(*) FROM t"), 1);
}

TEST(Statement, NamesTheStatementThatFails) {
    const heddle::test::TempDir dir;
    Database database{(dir / "t.db").string(), Database::Mode::create};
    try {
        const Statement statement{database, "SELECT * FROM absent"};
        FAIL() << "prepared what can't be";
    } catch (const Error& error) {
        EXPECT_STREQ(error.what(), "no such table: absent (SELECT * FROM absent)");
        EXPECT_EQ(error.code(), SQLITE_ERROR);
    }
}

}  // namespace
}  // namespace sqlite
