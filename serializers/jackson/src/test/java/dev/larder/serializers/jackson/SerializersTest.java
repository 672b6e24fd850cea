package dev.larder.serializers.jackson;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.larder.http.HttpFields;
import dev.larder.policy.CachePolicy;
import dev.larder.rules.SelectingField;
import dev.larder.rules.StoredResponse;
import dev.larder.storage.BinarySerializer;
import dev.larder.storage.MalformedEntryException;
import dev.larder.storage.Serializer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What every serializer does with a head, the default one of core included. */
class SerializersTest {
    @Test
    @DisplayName("format, id and kind are as documented")
    void names() {
        assertThat(Heads.serializers().map(s -> s.formatId() + " " + s.format() + (s.isBinary() ? " binary" : " text")))
                .containsExactly("1 binary binary", "2 json text", "3 yaml text", "4 cbor binary");
    }

    @ParameterizedTest
    @MethodSource("dev.larder.serializers.jackson.Heads#serializers")
    @DisplayName("everything comes back as it was, the digest included")
    void roundTrip(Serializer serializer) throws MalformedEntryException {
        comesBack(serializer, Heads.full());
        StoredResponse plain = Heads.head().build();
        comesBack(serializer, plain);
        plain.digest(CachePolicy.privateCache().build());
        assertThat(plain.knownDigest()).isNotNull();
        comesBack(serializer, plain);
        comesBack(
                serializer,
                Heads.head()
                        .times(Long.MIN_VALUE, Long.MAX_VALUE)
                        .createdAt(-1)
                        .status(Integer.MAX_VALUE)
                        .fields(HttpFields.EMPTY)
                        .build());
    }

    @ParameterizedTest
    @MethodSource("dev.larder.serializers.jackson.Heads#serializers")
    @DisplayName("any head comes back, whatever characters and numbers are in it")
    void anyHead(Serializer serializer) throws MalformedEntryException {
        Random random = new Random(20261125);
        int heads = serializer == YamlSerializer.INSTANCE ? 300 : 2_000;
        for (int i = 0; i < heads; i++) {
            comesBack(serializer, Heads.random(random));
        }
    }

    @ParameterizedTest
    @MethodSource("dev.larder.serializers.jackson.Heads#serializers")
    @DisplayName("every character comes back, alone and in the middle")
    void everyCharacter(Serializer serializer) throws MalformedEntryException {
        for (int start = 0; start < 0x10000; start += 256) {
            StoredResponse.Builder head = Heads.head();
            Set<String> tags = new LinkedHashSet<>();
            for (int c = start; c < start + 256; c++) {
                tags.add(Character.toString((char) c));
                tags.add("a" + (char) c + "b");
            }
            comesBack(serializer, head.tags(tags).build());
        }
    }

    private static void comesBack(Serializer serializer, StoredResponse head) throws MalformedEntryException {
        byte[] written = serializer.write(head);
        StoredResponse read = serializer.read(ByteBuffer.wrap(written));
        assertThat(read).isEqualTo(head);
        assertThat(read.knownDigest()).isEqualTo(head.knownDigest());
        // Names of fields are equal in any case, but are to be kept as they were.
        for (int i = 0; i < head.fields().size(); i++) {
            assertThat(read.fields().name(i)).isEqualTo(head.fields().name(i));
        }
        assertThat(serializer.write(read)).as("equal heads are equal bytes").isEqualTo(written);
    }

    @ParameterizedTest
    @MethodSource("dev.larder.serializers.jackson.Heads#serializers")
    @DisplayName("text formats are text in UTF-8")
    void text(Serializer serializer) {
        byte[] written = serializer.write(Heads.full());
        boolean isText = new String(written, UTF_8).chars().allMatch(c -> c == '\n' || c >= ' ')
                && Arrays.equals(new String(written, UTF_8).getBytes(UTF_8), written);
        assertThat(isText).isEqualTo(!serializer.isBinary());
    }

    @ParameterizedTest
    @MethodSource("dev.larder.serializers.jackson.Heads#serializers")
    @DisplayName("any kind of buffer is read from its position to its limit, and stays as it is")
    void buffers(Serializer serializer) throws MalformedEntryException {
        StoredResponse head = Heads.full();
        byte[] written = serializer.write(head);
        ByteBuffer inside = ByteBuffer.allocate(written.length + 20);
        inside.position(7);
        inside.put(written).flip().position(7);
        ByteBuffer direct =
                ByteBuffer.allocateDirect(written.length).put(written).flip();
        for (ByteBuffer buffer : List.of(inside, inside.slice(), inside.asReadOnlyBuffer(), direct)) {
            int position = buffer.position();
            assertThat(serializer.read(buffer)).isEqualTo(head);
            assertThat(buffer.position()).isEqualTo(position);
        }
    }

    @ParameterizedTest
    @MethodSource("dev.larder.serializers.jackson.Heads#serializers")
    @DisplayName("what exceeds the limits is refused when written, and what is at them comes back")
    void limits(Serializer serializer) throws MalformedEntryException {
        HttpFields.Builder fields = HttpFields.builder();
        for (int i = 0; i < BinarySerializer.MAX_FIELDS; i++) {
            fields.add("a", "b");
        }
        List<SelectingField> selecting = Collections.nCopies(1_000, new SelectingField("a", null));
        Set<String> tags = new LinkedHashSet<>();
        for (int i = 0; i < 1_000; i++) {
            tags.add("tag " + i);
        }
        comesBack(
                serializer,
                Heads.head()
                        .fields(fields.build())
                        .selecting(selecting)
                        .tags(tags)
                        .key("x".repeat(500_000))
                        .build());
        tags.add("one more");
        refuses(serializer, Heads.head().tags(tags), "too many tags to be stored");
        refuses(serializer, Heads.head().fields(fields.add("a", "b").build()), "too many fields to be stored");
        refuses(
                serializer,
                Heads.head().selecting(Collections.nCopies(1_001, new SelectingField("a", null))),
                "too many selecting fields to be stored");
        refuses(
                serializer,
                Heads.head().key("x".repeat(BinarySerializer.MAX_BYTES)),
                "the head is too large to be stored");
        refuses(serializer, Heads.head().key("\ud800".repeat(600_000)), "the head is too large to be stored");
        assertThatThrownBy(() -> serializer.read(ByteBuffer.allocate(BinarySerializer.MAX_BYTES + 1)))
                .isInstanceOf(MalformedEntryException.class)
                .hasMessage("longer than any head");
    }

    private static void refuses(Serializer serializer, StoredResponse.Builder head, String why) {
        assertThatThrownBy(() -> serializer.write(head.build()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(why);
    }

    @ParameterizedTest
    @MethodSource("dev.larder.serializers.jackson.Heads#serializers")
    @DisplayName("the bytes are those of the golden file: another format needs another version")
    void golden(Serializer serializer) throws IOException, MalformedEntryException {
        String name = "full." + serializer.format();
        byte[] written = serializer.write(Heads.full());
        String directory = System.getProperty("larder.golden.write");
        if (directory != null) {
            Files.write(Path.of(directory, name), written);
        }
        byte[] golden;
        try (InputStream in = SerializersTest.class.getResourceAsStream("/golden/" + name)) {
            assertThat(in).as("src/test/resources/golden/%s", name).isNotNull();
            golden = in.readAllBytes();
        }
        StoredResponse read = serializer.read(ByteBuffer.wrap(golden));
        assertThat(read).isEqualTo(Heads.full());
        assertThat(read.knownDigest()).isEqualTo(Heads.full().knownDigest());
        if (serializer.isBinary()) {
            assertThat(written).isEqualTo(golden);
        } else {
            assertThat(new String(written, UTF_8)).isEqualTo(new String(golden, UTF_8));
        }
    }
}
