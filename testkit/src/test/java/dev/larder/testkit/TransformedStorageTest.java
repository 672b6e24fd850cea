package dev.larder.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.larder.http.HttpFields;
import dev.larder.http.TargetUri;
import dev.larder.rules.StoredResponse;
import dev.larder.storage.AsyncStorage;
import dev.larder.storage.BodyReader;
import dev.larder.storage.EntryIds;
import dev.larder.storage.EntryWriter;
import dev.larder.storage.Storage;
import dev.larder.storage.StorageListener;
import dev.larder.storage.StoredEntry;
import dev.larder.storage.file.FileStorage;
import dev.larder.storage.memory.InMemoryStorage;
import dev.larder.storage.transform.KeyRing;
import dev.larder.storage.transform.TransformedStorage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Transformed storages keep the contract, and what only they promise. */
class TransformedStorageTest {
    private static final byte[] KEY = KeyRing.newKey();
    private static final KeyRing RING = KeyRing.of("one", KEY);

    private enum Transforms {
        COMPRESS(TransformedStorage.Builder::compress),
        ENCRYPT(builder -> builder.encrypt(RING)),
        AUTHENTICATE(builder -> builder.authenticate(RING)),
        COMPRESS_AND_ENCRYPT(builder -> builder.compress().encrypt(RING));

        final UnaryOperator<TransformedStorage.Builder> with;

        Transforms(UnaryOperator<TransformedStorage.Builder> with) {
            this.with = with;
        }

        TransformedStorage over(Storage below) {
            return with.apply(TransformedStorage.over(below)).build();
        }
    }

    private abstract static class AnyContract extends StorageContract {
        private final Transforms transforms;

        AnyContract(Transforms transforms) {
            this.transforms = transforms;
        }

        abstract Storage below(StorageSetup setup) throws IOException;

        @Override
        protected Storage open(StorageSetup setup) throws IOException {
            return transforms.over(below(setup));
        }

        @Override
        protected AsyncStorage async(Storage storage, ExecutorService executor) {
            return storage.async(executor);
        }

        @Override
        protected int operationsPerThread() {
            return 60;
        }
    }

    private abstract static class OverMemory extends AnyContract {
        OverMemory(Transforms transforms) {
            super(transforms);
        }

        @Override
        Storage below(StorageSetup setup) {
            InMemoryStorage.Builder builder = InMemoryStorage.builder().clock(setup.clock());
            setup.ttl().ifPresent(builder::ttl);
            setup.slidingTtl().ifPresent(builder::slidingTtl);
            setup.maxEntries().ifPresent(builder::maxEntries);
            setup.maxBytes().ifPresent(builder::maxBytes);
            setup.maxEntryBytes().ifPresent(builder::maxEntryBytes);
            setup.maxVariants().ifPresent(builder::maxVariants);
            return builder.build();
        }
    }

    private abstract static class OverFile extends AnyContract {
        @TempDir
        Path directory;

        OverFile(Transforms transforms) {
            super(transforms);
        }

        @Override
        Storage below(StorageSetup setup) throws IOException {
            FileStorage.Builder builder =
                    FileStorage.builder().directory(directory).clock(setup.clock());
            setup.maxEntries().ifPresent(builder::maxEntries);
            setup.ttl().ifPresent(builder::ttl);
            setup.slidingTtl().ifPresent(builder::slidingTtl);
            setup.maxBytes().ifPresent(builder::maxBytes);
            setup.maxEntryBytes().ifPresent(builder::maxEntryBytes);
            setup.maxVariants().ifPresent(builder::maxVariants);
            return builder.build();
        }

        @Override
        protected boolean persistent() {
            return true;
        }

        @Override
        protected boolean evictsExactly() {
            return false; // files do not, a tenth of the capacity at once
        }
    }

    @Nested
    class CompressOverMemory extends OverMemory {
        CompressOverMemory() {
            super(Transforms.COMPRESS);
        }
    }

    @Nested
    class AuthenticateOverMemory extends OverMemory {
        AuthenticateOverMemory() {
            super(Transforms.AUTHENTICATE);
        }
    }

    @Nested
    class CompressAndEncryptOverMemory extends OverMemory {
        CompressAndEncryptOverMemory() {
            super(Transforms.COMPRESS_AND_ENCRYPT);
        }

        @Override
        protected boolean evictsExactly() {
            return false; // it does, but names no keys
        }
    }

    @Nested
    class CompressAndEncryptOverFile extends OverFile {
        CompressAndEncryptOverFile() {
            super(Transforms.COMPRESS_AND_ENCRYPT);
        }
    }

    @TempDir
    Path directory;

    private final InMemoryStorage below =
            InMemoryStorage.builder().maxEntries(1000).maxEntryBytes(64 << 20).build();

    @ParameterizedTest
    @EnumSource(names = {"ENCRYPT", "COMPRESS_AND_ENCRYPT"})
    @DisplayName("nothing that was stored is on disk as it was: no URL, no field, no tag, no body")
    void noPlaintextOnDisk(Transforms transforms) throws IOException {
        String canary = "canary-7f3a";
        try (Storage storage = transforms.over(FileStorage.at(directory))) {
            for (int length : new int[] {200, 300_000}) {
                byte[] body = (canary + " ").repeat(length / 12).getBytes(StandardCharsets.UTF_8);
                StoredResponse head = StoredResponse.builder()
                        .id(EntryIds.next())
                        .key("GET https://example.org/" + canary + length)
                        .method("GET")
                        .uri(TargetUri.parse("https://example.org/" + canary + length))
                        .status(200)
                        .fields(HttpFields.of("X-Secret", canary, "Content-Length", Integer.toString(body.length)))
                        .tags(Set.of(canary))
                        .build();
                put(storage, head, body);
                assertThat(read(storage, only(storage, head.key()))).isEqualTo(body);
            }
        }
        List<byte[]> needles = new ArrayList<>();
        needles.add(canary.getBytes(StandardCharsets.UTF_8));
        needles.add(canary.getBytes(StandardCharsets.UTF_16BE));
        needles.add("example.org".getBytes(StandardCharsets.UTF_8));
        for (int shift = 0; shift < 3; shift++) {
            byte[] shifted = (" ".repeat(shift) + canary).getBytes(StandardCharsets.UTF_8);
            String coded = Base64.getEncoder().encodeToString(shifted);
            needles.add(coded.substring(4, coded.length() - 4).getBytes(StandardCharsets.UTF_8));
        }
        int files = 0;
        try (Stream<Path> all = Files.walk(directory)) {
            for (Path file : all.filter(Files::isRegularFile).toList()) {
                byte[] bytes = Files.readAllBytes(file);
                files++;
                for (byte[] needle : needles) {
                    assertThat(contains(bytes, needle)).as("%s", file).isFalse();
                    assertThat(file.toString()).doesNotContain(canary);
                }
            }
        }
        assertThat(files).isGreaterThanOrEqualTo(2);
        // The search would find it.
        assertThat(contains(("x" + canary + "y").getBytes(StandardCharsets.UTF_8), needles.get(0)))
                .isTrue();
    }

    private static boolean contains(byte[] bytes, byte[] needle) {
        for (int i = 0; i <= bytes.length - needle.length; i++) {
            if (Arrays.equals(bytes, i, i + needle.length, needle, 0, needle.length)) {
                return true;
            }
        }
        return false;
    }

    @ParameterizedTest
    @EnumSource(names = {"ENCRYPT", "AUTHENTICATE", "COMPRESS_AND_ENCRYPT"})
    @DisplayName("of ten thousand entries that were changed, cut, moved or mixed below, none is accepted")
    void forgery(Transforms transforms) throws IOException {
        Random random = new Random(1);
        Storage storage = transforms.over(below);
        List<byte[]> bodies = new ArrayList<>();
        List<StoredResponse> outers = new ArrayList<>();
        List<byte[]> storedBodies = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            byte[] body = text(i % 2 == 0 ? 500 + i : 150_000 + i, i);
            StoredResponse head = head("key " + i)
                    .fields(HttpFields.of("Content-Length", Integer.toString(body.length)))
                    .build();
            put(storage, head, body);
            bodies.add(body);
        }
        List<StoredEntry> originals = new ArrayList<>();
        below.entries().forEachRemaining(originals::add);
        originals.sort((a, b) -> a.stored().id().compareTo(b.stored().id()));
        for (StoredEntry entry : originals) {
            outers.add(entry.stored());
            storedBodies.add(read(below, entry));
        }
        int accepted = 0;
        List<String> reported = new ArrayList<>();
        storage.addListener(new StorageListener() {
            @Override
            public void corrupt(String where, String what) {
                reported.add(what);
            }
        });
        for (int n = 0; n < 10_000; n++) {
            int i = random.nextInt(8);
            int j = (i + 1 + random.nextInt(7)) % 8;
            StoredResponse outer = outers.get(i);
            byte[] body = storedBodies.get(i).clone();
            switch (n % 8) {
                case 0 -> body[random.nextInt(body.length)] ^= (byte) (1 << random.nextInt(8));
                case 1 -> body = Arrays.copyOf(body, random.nextInt(body.length));
                case 2 -> body = Arrays.copyOf(body, body.length + 1 + random.nextInt(70_000));
                case 3 -> body = storedBodies.get(j);
                case 4 ->
                    outer = outer.toBuilder().fields(outers.get(j).fields()).build();
                case 5 -> outer = outer.toBuilder().key(outers.get(j).key()).build();
                case 6 -> outer = outer.toBuilder().id(EntryIds.next()).build();
                default -> {
                    byte[] field = Base64.getDecoder().decode(outer.fields().first("Larder-Sealed"));
                    field[random.nextInt(field.length)] ^= (byte) (1 << random.nextInt(8));
                    outer = outer.toBuilder()
                            .fields(HttpFields.of(
                                    "Larder-Sealed", Base64.getEncoder().encodeToString(field)))
                            .build();
                }
            }
            below.clear();
            put(below, outer, body);
            for (int k = 0; k < 8; k++) {
                for (StoredEntry entry : storage.lookup("key " + k)) {
                    accepted += whole(storage, entry) ? 1 : 0;
                }
            }
        }
        assertThat(accepted).isZero();
        assertThat(reported).isNotEmpty();
        // Untouched they are accepted, all of them.
        below.clear();
        for (int i = 0; i < 8; i++) {
            put(below, outers.get(i), storedBodies.get(i));
        }
        for (int i = 0; i < 8; i++) {
            assertThat(read(storage, only(storage, "key " + i))).isEqualTo(bodies.get(i));
        }
    }

    /** Whether a body can be read to its end; what is read before a failure has to be right, too. */
    private static boolean whole(Storage storage, StoredEntry entry) throws IOException {
        int i = Integer.parseInt(entry.stored().key().substring(4));
        byte[] expected = text(i % 2 == 0 ? 500 + i : 150_000 + i, i);
        ByteBuffer target = ByteBuffer.allocate((int) entry.bodyLength());
        try (BodyReader reader = storage.open(entry)) {
            while (reader != null && target.hasRemaining()) {
                reader.read(target.position(), target);
            }
            return reader != null;
        } catch (IOException e) {
            return false;
        } finally {
            int n = Math.min(target.position(), expected.length);
            assertThat(Arrays.equals(target.array(), 0, target.position(), expected, 0, n))
                    .as("no wrong byte")
                    .isTrue();
        }
    }

    @Test
    @DisplayName("blocks of one body cannot change places")
    void reordering() throws IOException {
        for (Transforms transforms : List.of(Transforms.ENCRYPT, Transforms.AUTHENTICATE)) {
            below.clear();
            Storage storage = transforms.over(below);
            byte[] body = text(200_000, 1);
            put(storage, head("key").build(), body);
            StoredEntry entry = below.entries().next();
            byte[] stored = read(below, entry);
            int each = 65_536 + (transforms == Transforms.ENCRYPT ? 16 : 32);
            byte[] mixed = stored.clone();
            System.arraycopy(stored, 5, mixed, 5 + each, each);
            System.arraycopy(stored, 5 + each, mixed, 5, each);
            below.clear();
            put(below, entry.stored(), mixed);
            StoredEntry found = only(storage, "key");
            assertThatThrownBy(() -> read(storage, found)).isInstanceOf(IOException.class);
            assertThat(storage.lookup("key")).as("removed").isEmpty();
        }
    }

    @Test
    @DisplayName("after a rotation old entries are read, freshened and removed, until their key leaves the ring")
    void rotation() throws IOException {
        for (boolean encrypt : new boolean[] {true, false}) {
            below.clear();
            byte[] newKey = KeyRing.newKey();
            KeyRing rotated = KeyRing.of("two", newKey).withOlder("one", KEY);
            Storage before = sealed(RING, encrypt);
            StoredResponse old = head("key").build();
            put(before, old, text(100_000, 1));
            put(before, head("other").build(), text(10, 2));
            put(before, head("third").build(), text(10, 3));

            Storage after = sealed(rotated, encrypt);
            assertThat(read(after, only(after, "key"))).isEqualTo(text(100_000, 1));
            StoredResponse fresh =
                    old.toBuilder().fields(HttpFields.of("Fresh", "yes")).build();
            assertThat(after.freshen(fresh)).isTrue();
            assertThat(only(after, "key").stored()).isEqualTo(fresh);
            assertThat(read(after, only(after, "key"))).isEqualTo(text(100_000, 1));
            StoredResponse replacement = head("other").build();
            put(after, replacement, text(20, 4), List.of(only(after, "other").stored()));
            assertThat(only(after, "other").stored()).isEqualTo(replacement);
            assertThat(after.removeKey("third")).isEqualTo(1);

            Storage later = sealed(KeyRing.of("two", newKey), encrypt);
            assertThat(later.lookup("key")).as("its key is gone").isEmpty();
            assertThat(read(later, only(later, "other"))).isEqualTo(text(20, 4));
            assertThat(after.lookup("key")).as("but not touched").hasSize(1);
        }
    }

    private Storage sealed(KeyRing ring, boolean encrypt) {
        TransformedStorage.Builder builder = TransformedStorage.over(below);
        return (encrypt ? builder.encrypt(ring) : builder.authenticate(ring)).build();
    }

    @Test
    @DisplayName("with a wrong key of the same id everything is a miss")
    void wrongKey() throws IOException {
        for (boolean encrypt : new boolean[] {true, false}) {
            below.clear();
            put(sealed(RING, encrypt), head("key").build(), text(100, 1));
            Storage other = sealed(KeyRing.of("one", KeyRing.newKey()), encrypt);
            assertThat(other.lookup("key")).isEmpty();
            assertThat(other.entries().hasNext()).isFalse();
        }
    }

    @Test
    @DisplayName("what shrinks is compressed, and keeps its length; what is compressed already is left alone")
    void compression() throws IOException {
        Storage storage = Transforms.COMPRESS.over(below);
        byte[] body = "{\"name\": \"value\"} ".repeat(20_000).getBytes(StandardCharsets.UTF_8);
        byte[] small = Arrays.copyOf(body, 20_000);
        String length = Integer.toString(body.length);
        assertThat(storedBytes(storage, HttpFields.of("Content-Length", length), body))
                .isLessThan(body.length / 10);
        assertThat(storedBytes(storage, HttpFields.EMPTY, small)).isLessThan(small.length / 10);
        assertThat(storedBytes(storage, HttpFields.of("Content-Type", "image/svg+xml"), small))
                .isLessThan(small.length / 10);
        // Its length is not announced.
        assertThat(storedBytes(storage, HttpFields.EMPTY, body)).isEqualTo(body.length + 5);
        for (HttpFields fields : List.of(
                HttpFields.of("Content-Encoding", "gzip", "Content-Length", length),
                HttpFields.of("Content-Type", "image/png", "Content-Length", length),
                HttpFields.of("Content-Type", "Video/MP4; x=y", "Content-Length", length),
                HttpFields.of("Content-Type", "font/woff2", "Content-Length", length),
                HttpFields.of("Content-Type", "application/zip", "Content-Length", length))) {
            assertThat(storedBytes(storage, fields, body)).as("%s", fields).isEqualTo(body.length + 5);
        }
        byte[] random = new byte[200_000];
        new Random(1).nextBytes(random);
        assertThat(storedBytes(storage, HttpFields.of("Content-Length", "200000"), random))
                .isBetween(200_000, 200_100);
    }

    private int storedBytes(Storage storage, HttpFields fields, byte[] body) throws IOException {
        below.clear();
        put(storage, head("key").fields(fields).build(), body);
        StoredEntry entry = only(storage, "key");
        assertThat(entry.bodyLength()).isEqualTo(body.length);
        assertThat(read(storage, entry)).isEqualTo(body);
        return (int) below.entries().next().bodyLength();
    }

    @Test
    @DisplayName("a body of another length than announced is not stored")
    void wrongAnnouncement() throws IOException {
        Storage storage = Transforms.COMPRESS.over(below);
        StoredResponse head =
                head("key").fields(HttpFields.of("Content-Length", "100000")).build();
        for (int length : new int[] {0, 99_999, 100_001, 300_000}) {
            try (EntryWriter writer = storage.create(head)) {
                writer.write(ByteBuffer.wrap(text(length, 1)));
                assertThat(writer.commit(List.of())).isFalse();
            }
            assertThat(below.entries().hasNext()).isFalse();
        }
    }

    @ParameterizedTest
    @EnumSource
    @DisplayName("a long body can be read from any position, and read back while it is written")
    void randomPositions(Transforms transforms) throws IOException {
        Storage storage = transforms.over(below);
        byte[] body = text(1_000_000, 5);
        Random random = new Random(2);
        StoredResponse head =
                head("key").fields(HttpFields.of("Content-Length", "1000000")).build();
        try (EntryWriter writer = storage.create(head)) {
            for (int at = 0; at < body.length; ) {
                int n = Math.min(body.length - at, 1 + random.nextInt(100_000));
                writer.write(ByteBuffer.wrap(body, at, n));
                at += n;
                ByteBuffer target = ByteBuffer.allocate(1000);
                int position = random.nextInt(at);
                int read = writer.readBack(position, target);
                assertThat(Arrays.equals(target.array(), 0, read, body, position, position + read))
                        .isTrue();
            }
            assertThat(writer.commit(List.of())).isTrue();
        }
        try (BodyReader reader = storage.open(only(storage, "key"))) {
            assertThat(reader).isNotNull();
            for (int i = 0; i < 200; i++) {
                int position = random.nextInt(body.length);
                ByteBuffer target = ByteBuffer.allocate(1 + random.nextInt(5000));
                int n = reader.read(position, target);
                assertThat(n).isPositive();
                assertThat(Arrays.equals(target.array(), 0, n, body, position, position + n))
                        .isTrue();
            }
        }
    }

    @Test
    @DisplayName("a body of 96 MiB is written and read in a heap of 24 MiB")
    void constantMemory() throws Exception {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:+UseSerialGC",
                        "-Xshare:auto",
                        "-Xmx24m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        LongBody.class.getName(),
                        directory.toString())
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(said).isZero();
        assertThat(said).isEqualTo("same");
    }

    /** Runs in a process of its own. */
    static final class LongBody {
        private static final long LENGTH = 96L << 20;

        public static void main(String[] arguments) throws IOException {
            try (Storage storage = Transforms.COMPRESS_AND_ENCRYPT.over(FileStorage.at(Path.of(arguments[0])))) {
                StoredResponse head = head("key")
                        .fields(HttpFields.of("Content-Length", Long.toString(LENGTH)))
                        .build();
                byte[] piece = new byte[32 << 10];
                try (EntryWriter writer = storage.create(head)) {
                    for (long at = 0; at < LENGTH; at += piece.length) {
                        fill(piece, at);
                        writer.write(ByteBuffer.wrap(piece));
                    }
                    if (!writer.commit(List.of())) {
                        System.out.print("not stored");
                        return;
                    }
                }
                byte[] expected = new byte[piece.length];
                try (BodyReader reader = storage.open(only(storage, "key"))) {
                    for (long at = 0; at < LENGTH; at += piece.length) {
                        ByteBuffer target = ByteBuffer.wrap(piece);
                        while (target.hasRemaining()) {
                            reader.read(at + target.position(), target);
                        }
                        fill(expected, at);
                        if (!Arrays.equals(piece, expected)) {
                            System.out.print("different at " + at);
                            return;
                        }
                    }
                }
                System.out.print("same");
            }
        }

        /** Half of it shrinks. */
        private static void fill(byte[] piece, long at) {
            for (int i = 0; i < piece.length; i++) {
                piece[i] = (byte) (i % 2 == 0 ? 'x' : (at >>> 15) * 31 + i * 7);
            }
        }
    }

    @Test
    @DisplayName("keys are in no message, and bad settings are refused with the reason")
    void secretsAndSettings() {
        String hex = HexFormat.of().formatHex(KEY);
        String base64 = Base64.getEncoder().encodeToString(KEY);
        assertThat(RING.toString()).isEqualTo("KeyRing[one]").doesNotContain(hex, base64);
        assertThat(Transforms.COMPRESS_AND_ENCRYPT.over(below).toString()).doesNotContain(hex, base64);
        assertThatThrownBy(() -> KeyRing.of("id", new byte[16]))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a key must have 32 bytes, not 16");
        assertThatThrownBy(() -> KeyRing.of("two words", KEY)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> KeyRing.of("", KEY)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> RING.withOlder("one", KEY)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> TransformedStorage.over(below).build())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("nothing to do");
    }

    @Test
    @DisplayName("what was stored with other transforms is a miss that is reported and removed")
    void otherTransforms() throws IOException {
        List<String> reported = new CopyOnWriteArrayList<>();
        Storage storage = Transforms.AUTHENTICATE.over(below);
        storage.addListener(new StorageListener() {
            @Override
            public void corrupt(String where, String what) {
                reported.add(what);
            }
        });
        put(Transforms.COMPRESS.over(below), head("key").build(), text(100, 1));
        assertThat(storage.lookup("key")).isEmpty();
        assertThat(reported).hasSize(1);
        assertThat(below.entries().hasNext()).isFalse();
    }

    @ParameterizedTest
    @EnumSource
    @DisplayName(
            "a storage without transforms over the same place offers nothing that it cannot read, nor the other way")
    void withoutTransforms(Transforms transforms) throws IOException {
        Storage storage = transforms.over(below);
        String key = "GET https://example.org/";
        put(below, head(key).build(), text(100, 1));
        assertThat(storage.lookup(key)).as("plain, to the transformed").isEmpty();
        assertThat(read(below, only(below, key))).as("and left alone").isEqualTo(text(100, 1));
        assertThat(storage.removeKey(key)).isZero();
        assertThat(below.removeKey(key)).isEqualTo(1);

        StoredResponse head = head(key).build();
        put(storage, head, text(100, 2));
        assertThat(below.lookup(key)).as("transformed, to the plain").isEmpty();
        assertThat(below.remove(key, head.id())).isFalse();
        assertThat(below.removeKey(key)).isZero();
        assertThat(read(storage, only(storage, key))).isEqualTo(text(100, 2));
        StoredResponse fresh =
                head.toBuilder().fields(HttpFields.of("Fresh", "yes")).build();
        assertThat(below.freshen(fresh)).isFalse();
        assertThat(storage.freshen(fresh)).isTrue();
        assertThat(only(storage, key).stored()).isEqualTo(fresh);
        assertThat(storage.removeKey(key)).isEqualTo(1);
        assertThat(below.entries().hasNext()).isFalse();
    }

    @Test
    @DisplayName("an opened body is not kept with the entry below, and its head is")
    void nothingUncounted() throws IOException {
        Storage storage = Transforms.COMPRESS_AND_ENCRYPT.over(below);
        put(storage, head("key").build(), text(60_000, 1));
        StoredEntry first = only(storage, "key");
        StoredEntry second = only(storage, "key");
        assertThat(read(storage, second)).isEqualTo(text(60_000, 1));
        assertThat(second).isNotSameAs(first);
        assertThat(second.stored()).as("opened once").isSameAs(first.stored());
        assertThat(below.entries().next().attachment()).isNotNull().isNotInstanceOf(StoredEntry.class);
    }

    @Test
    @DisplayName("uses by another process keep an entry alive here, too")
    void usesElsewhere() throws IOException {
        ManualClock clock = new ManualClock();
        try (Storage here = Transforms.ENCRYPT.over(slidingFiles(clock));
                Storage elsewhere = Transforms.ENCRYPT.over(slidingFiles(clock))) {
            put(here, head("key").createdAt(clock.millis()).build(), text(100, 1));
            only(here, "key");
            for (int i = 0; i < 3; i++) {
                clock.advance(Duration.ofSeconds(8));
                elsewhere.used(only(elsewhere, "key"));
            }
            clock.advance(Duration.ofSeconds(8));
            here.used(only(here, "key"));
            clock.advance(Duration.ofSeconds(8));
            assertThat(elsewhere.lookup("key")).as("the use here counted").hasSize(1);
            assertThat(read(here, only(here, "key"))).isEqualTo(text(100, 1));
        }
    }

    private FileStorage slidingFiles(ManualClock clock) throws IOException {
        return FileStorage.builder()
                .directory(directory)
                .clock(clock)
                .slidingTtl(Duration.ofSeconds(10))
                .build();
    }

    private static byte[] text(int length, int seed) {
        StringBuilder text = new StringBuilder(length + 20);
        Random random = new Random(seed);
        while (text.length() < length) {
            text.append("word").append(random.nextInt(1000)).append(' ');
        }
        return Arrays.copyOf(text.toString().getBytes(StandardCharsets.UTF_8), length);
    }

    private static StoredResponse.Builder head(String key) {
        return StoredResponse.builder()
                .id(EntryIds.next())
                .key(key)
                .method("GET")
                .uri(TargetUri.parse("https://example.org/"))
                .status(200);
    }

    private static StoredEntry only(Storage storage, String key) throws IOException {
        List<StoredEntry> found = storage.lookup(key);
        assertThat(found).hasSize(1);
        return found.get(0);
    }

    private static void put(Storage storage, StoredResponse head, byte[] body) throws IOException {
        put(storage, head, body, List.of());
    }

    private static void put(Storage storage, StoredResponse head, byte[] body, List<StoredResponse> replaced)
            throws IOException {
        try (EntryWriter writer = storage.create(head)) {
            writer.write(ByteBuffer.wrap(body));
            assertThat(writer.commit(replaced)).isTrue();
        }
    }

    private static byte[] read(Storage storage, StoredEntry entry) throws IOException {
        try (BodyReader reader = storage.open(entry)) {
            assertThat(reader).isNotNull();
            ByteBuffer target = ByteBuffer.allocate((int) reader.length());
            while (target.hasRemaining()) {
                reader.read(target.position(), target);
            }
            return target.array();
        }
    }
}
