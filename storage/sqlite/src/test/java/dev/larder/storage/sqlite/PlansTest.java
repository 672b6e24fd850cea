package dev.larder.storage.sqlite;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** How SQLite goes about every statement there is. */
class PlansTest {
    @TempDir
    Path directory;

    @BeforeEach
    void tables() throws Exception {
        SqliteStorage.at(directory.resolve("cache.db")).close();
    }

    @ParameterizedTest
    @EnumSource(Sql.class)
    @DisplayName("no statement reads a table from end to end, save those that say so, and none sorts")
    void noScan(Sql sql) throws Exception {
        List<String> plan = new ArrayList<>();
        try (Connection connection = Fixture.connect(directory.resolve("cache.db"));
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("EXPLAIN QUERY PLAN " + sql.on("larder"))) {
            while (rows.next()) {
                plan.add(rows.getString("detail"));
            }
        }
        if (sql.readsAll()) {
            return;
        }
        if (sql == Sql.LOOKUP_KNOWN) {
            assertThat(plan).anyMatch(step -> step.contains("COVERING INDEX"));
        }
        assertThat(plan).noneMatch(step -> step.startsWith("SCAN") || step.contains("TEMP B-TREE"));
        if (!sql.name().startsWith("INSERT") && sql != Sql.COUNT_REMOVAL) {
            assertThat(plan).as("the test sees plans").anyMatch(step -> step.startsWith("SEARCH"));
        }
    }
}
