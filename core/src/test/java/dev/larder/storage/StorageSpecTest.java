package dev.larder.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.larder.http.TargetUri;
import dev.larder.rules.StoredResponse;
import dev.larder.storage.file.FileStorage;
import dev.larder.storage.memory.InMemoryStorage;
import dev.larder.storage.tiered.TieredStorage;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class StorageSpecTest {
    @TempDir
    Path directory;

    @Test
    void opensMemory() throws IOException {
        try (Storage storage =
                StorageSpec.parse("memory:?maxEntries=7&maxBytes=64k&ttl=10m").open()) {
            assertThat(storage).isInstanceOf(InMemoryStorage.class);
            assertThat(storage.statistics().maxEntries()).isEqualTo(7);
            assertThat(storage.statistics().maxBytes()).isEqualTo(64 << 10);
        }
    }

    @Test
    void opensFiles() throws IOException {
        for (String path : List.of(directory.toString(), "//" + directory)) {
            try (Storage storage = StorageSpec.parse("File:" + path + "?maxBytes=2g&slidingTtl=7d&serializer=binary")
                    .open()) {
                assertThat(storage).isInstanceOf(FileStorage.class).hasToString("FileStorage[" + directory + "]");
                assertThat(storage.statistics().maxBytes()).isEqualTo(2L << 30);
            }
        }
    }

    @Test
    void theUsersHomeIsATilde() {
        assertThat(StorageSpec.parse("file:~/x").path())
                .isEqualTo(Path.of(System.getProperty("user.home")).resolve("x"));
    }

    @Test
    void aSchemeWhoseModuleIsNotThereIsNotKnown() {
        assertThatThrownBy(() -> StorageSpec.parse("redis://localhost").open())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'redis'")
                .hasMessageContaining("file:PATH, memory:")
                .hasMessageContaining("larder-storage-redis");
    }

    @Test
    void anOptionThatTheStorageDoesNotHaveIsRefused() {
        assertThatThrownBy(() -> StorageSpec.parse("memory:?namespace=x").open())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("[namespace]");
        assertThatThrownBy(() -> StorageSpec.parse("memory:?serializer=binary").open())
                .isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "memory",
                ":x",
                "memory:?",
                "memory:?ttl",
                "memory:?=1",
                "memory:?ttl=1s&ttl=2s",
                "tiered:",
                "tiered:memory:",
                "tiered:|memory:"
            })
    void whatIsNoSpecIsRefused(String text) {
        assertThatThrownBy(() -> StorageSpec.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("storage");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ttl=10",
                "ttl=m",
                "ttl=-1s",
                "ttl=1w",
                "ttl=",
                "ttl=0s",
                "maxBytes=1t",
                "maxBytes=x",
                "maxEntries=1k",
                "maxEntries=99999999999",
                "maxEntries=0"
            })
    void valuesThatAreWrongAreNamed(String option) {
        assertThatThrownBy(() -> StorageSpec.parse("memory:?" + option).open())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(option.substring(0, 3));
    }

    @Test
    void aSerializerThatIsNotThereIsNamed() {
        assertThatThrownBy(() -> StorageSpec.parse("file:" + directory + "?serializer=json")
                        .open())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("serializer=json");
    }

    @Test
    void sizesSaturate() {
        List<Long> sizes = new ArrayList<>();
        StorageSpec.parse("x:?a=9223372036854775807g").bytes("a", sizes::add);
        assertThat(sizes.get(0)).isGreaterThan(Long.MAX_VALUE / 2);
    }

    @ParameterizedTest
    @CsvSource({"500ms,PT0.5S", "90s,PT1M30S", "10m,PT10M", "2h,PT2H", "7d,PT168H"})
    void durations(String text, Duration expected) {
        List<Duration> read = new ArrayList<>();
        StorageSpec.parse("x:?a=" + text).duration("a", read::add);
        StorageSpec.parse("x:").duration("a", read::add);
        assertThat(read).containsExactly(expected);
    }

    @Test
    void passwordsAreNotShown() {
        assertThat(StorageSpec.parse("redis://user:secret@host:1/0?namespace=hush"))
                .hasToString("redis://host:1/0?namespace");
        assertThat(StorageSpec.parse("s3://bucket/a@b")).hasToString("s3://bucket/a@b");
        assertThat(StorageSpec.parse("tiered:memory:?ttl=1s | redis://:secret@host?namespace=hush"))
                .hasToString("tiered:memory:?ttl|redis://host?namespace");
    }

    @Test
    void opensTiers() throws IOException {
        ManualTime clock = new ManualTime();
        String far = "tiered:memory:|file:" + directory + "?maxBytes=1m";
        try (Storage tiers = StorageSpec.parse("tiered:memory:?maxEntries=7&nearTtl=20s|" + far)
                .open(clock)) {
            assertThat(tiers).isInstanceOf(TieredStorage.class);
            assertThat(tiers.statistics().maxBytes()).as("far's").isEqualTo(1 << 20);
            StoredResponse head = StoredResponse.builder()
                    .id("0123456789abcdef0123456789abcdef")
                    .key("key")
                    .method("GET")
                    .uri(TargetUri.parse("https://example.org/"))
                    .status(200)
                    .build();
            try (EntryWriter writer = tiers.create(head)) {
                assertThat(writer.commit(List.of())).isTrue();
            }
            assertThat(tiers.lookup("key")).hasSize(1);
            try (Storage other = FileStorage.at(directory)) {
                other.removeKey("key");
            }
            clock.millis += 19_000;
            assertThat(tiers.lookup("key")).as("near knows").hasSize(1);
            clock.millis += 60_000;
            assertThat(tiers.lookup("key")).isEmpty();
        }
    }

    private static final class ManualTime implements InstantSource {
        long millis = 1_000_000;

        @Override
        public Instant instant() {
            return Instant.ofEpochMilli(millis);
        }
    }

    @Test
    void whatIsWrongWithATierIsNamed() {
        for (String text : List.of(
                "tiered:memory:?nearTtl=x|memory:",
                "tiered:memory:|memory:?nearTtl=1s",
                "tiered:memory:?maxBites=1|memory:",
                "tiered:memory:|redis://nowhere")) {
            assertThatThrownBy(() -> StorageSpec.parse(text).open())
                    .as(text)
                    .isInstanceOf(IllegalArgumentException.class)
                    .message()
                    .containsAnyOf("nearTtl", "maxBites", "'redis'");
        }
    }

    @Test
    void aDefaultIsUsedWhereTheSpecSaysNothing() throws IOException {
        for (String text : List.of("memory:", "memory:?maxEntries=7")) {
            StorageSpec spec = StorageSpec.parse(text);
            spec.setDefault("maxEntries", "5");
            spec.setDefault("timeout", "5s");
            assertThat(spec).hasToString(text.replace("=7", ""));
            try (Storage storage = spec.open()) {
                assertThat(storage.statistics().maxEntries()).isEqualTo(text.endsWith("7") ? 7 : 5);
            }
        }
    }
}
