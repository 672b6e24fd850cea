package dev.larder.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.larder.http.HttpFields;
import dev.larder.http.TargetUri;
import dev.larder.policy.CachePolicy;
import dev.larder.rules.SelectingField;
import dev.larder.rules.StoredResponse;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class BinarySerializerTest {
    private final BinarySerializer serializer = BinarySerializer.INSTANCE;

    private static StoredResponse.Builder head() {
        return StoredResponse.builder()
                .id("0123456789abcdef")
                .key("GET https://example.org/")
                .method("GET")
                .uri(TargetUri.parse("https://example.org/"))
                .status(200)
                .fields(HttpFields.of("Cache-Control", "max-age=60", "Vary", "Accept", "X-Name", "J\u00fcrgen"))
                .selecting(List.of(new SelectingField("accept", "=*/*"), new SelectingField("origin", null)))
                .times(1, 2)
                .createdAt(3)
                .authorized(true)
                .ttl(5, true)
                .tags(Set.of("a", "b", "\u4e2d"));
    }

    @Test
    @DisplayName("everything comes back as it was, the digest included")
    void roundTrip() throws MalformedEntryException {
        StoredResponse plain = head().build();
        assertThat(read(serializer.write(plain))).isEqualTo(plain);
        assertThat(read(serializer.write(plain)).knownDigest()).isNull();
        plain.digest(CachePolicy.privateCache().build());
        assertThat(read(serializer.write(plain)).knownDigest()).isEqualTo(plain.knownDigest());
        StoredResponse extreme = head().times(Long.MIN_VALUE, Long.MAX_VALUE)
                .createdAt(-1)
                .ttl(StoredResponse.NO_TTL, false)
                .status(Integer.MAX_VALUE)
                .build();
        assertThat(read(serializer.write(extreme))).isEqualTo(extreme);
    }

    @Test
    @DisplayName("equal heads are equal bytes")
    void deterministic() {
        assertThat(serializer.write(head().build())).isEqualTo(serializer.write(head().build()));
    }

    @Test
    @DisplayName("keys of any characters come back, unpaired surrogates and NUL included")
    void oddKeys() throws MalformedEntryException {
        for (String key : new String[] {"", "\0", "\u00ff\ud800", "\udc00\ud800", "\ud83d\ude00", "x".repeat(70_000)}) {
            assertThat(read(serializer.write(head().key(key).build())).key()).isEqualTo(key);
        }
    }

    @Test
    @DisplayName("what exceeds the limits is refused when written and when read")
    void limits() {
        HttpFields.Builder many = HttpFields.builder();
        for (int i = 0; i <= BinarySerializer.MAX_FIELDS; i++) {
            many.add("a", "");
        }
        StoredResponse tooMany = head().fields(many.build()).build();
        StoredResponse tooLong =
                head().key("x".repeat(BinarySerializer.MAX_BYTES)).build();
        assertThatThrownBy(() -> serializer.write(tooMany)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> serializer.write(tooLong)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> read(new byte[BinarySerializer.MAX_BYTES + 1]))
                .isInstanceOf(MalformedEntryException.class);
    }

    @Test
    @DisplayName("a forged number of fields or length of a string allocates nothing and fails")
    void forgedLengths() {
        byte[] good = serializer.write(head().build());
        for (int at = 2; at < good.length - 9; at++) {
            byte[] bad = good.clone();
            Arrays.fill(bad, at, at + 9, (byte) 0xFF);
            bad[at + 9 < bad.length ? at + 9 : at] = 0x01;
            readsOrFailsAsDocumented(bad);
        }
    }

    @Test
    @DisplayName("a hundred thousand mutated heads are read or refused, each within 10 ms")
    void fuzz() {
        Random random = new Random(20261122);
        StoredResponse withDigest = head().build();
        withDigest.digest(CachePolicy.privateCache().build());
        List<byte[]> seeds = List.of(serializer.write(head().build()), serializer.write(withDigest), new byte[64]);
        List<Long> slow = new ArrayList<>();
        for (int i = 0; i < 100_000; i++) {
            byte[] bytes = mutate(seeds.get(i % seeds.size()), random);
            long start = System.nanoTime();
            readsOrFailsAsDocumented(bytes);
            long took = System.nanoTime() - start;
            if (took > TimeUnit.MILLISECONDS.toNanos(10)) {
                // It may have been the machine: what is slow is slow again.
                start = System.nanoTime();
                readsOrFailsAsDocumented(bytes);
                if (System.nanoTime() - start > TimeUnit.MILLISECONDS.toNanos(10)) {
                    slow.add(took);
                }
            }
        }
        assertThat(slow).isEmpty();
    }

    private static byte[] mutate(byte[] seed, Random random) {
        byte[] bytes = Arrays.copyOf(seed, random.nextInt(10) == 0 ? random.nextInt(seed.length + 20) : seed.length);
        int changes = 1 + random.nextInt(4);
        for (int i = 0; i < changes && bytes.length > 0; i++) {
            int at = random.nextInt(bytes.length);
            switch (random.nextInt(3)) {
                case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
                case 1 -> bytes[at] = (byte) random.nextInt(256);
                default -> Arrays.fill(bytes, at, Math.min(bytes.length, at + 9), (byte) 0xFF);
            }
        }
        if (bytes.length > 0 && random.nextBoolean()) {
            bytes[0] = 1; // past the version
        }
        return bytes;
    }

    private void readsOrFailsAsDocumented(byte[] bytes) {
        try {
            StoredResponse read = read(bytes);
            assertThat(read.fields().size()).isLessThanOrEqualTo(BinarySerializer.MAX_FIELDS);
        } catch (MalformedEntryException e) {
            assertThat(e.getMessage()).isNotEmpty();
        }
    }

    private StoredResponse read(byte[] bytes) throws MalformedEntryException {
        return serializer.read(ByteBuffer.wrap(bytes));
    }
}
