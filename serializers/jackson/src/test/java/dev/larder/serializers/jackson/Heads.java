package dev.larder.serializers.jackson;

import dev.larder.http.HttpFields;
import dev.larder.http.TargetUri;
import dev.larder.rules.Digest;
import dev.larder.rules.LifetimeSource;
import dev.larder.rules.SelectingField;
import dev.larder.rules.StoredResponse;
import dev.larder.storage.BinarySerializer;
import dev.larder.storage.Serializer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;

/** The serializers, and heads to write with them. */
final class Heads {
    private static final String TOKEN_CHARS =
            "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    /** What some format or other gives a meaning to. */
    private static final String[] ODD = {
        "",
        " ",
        "null",
        "~",
        "true",
        "no",
        "y",
        "1",
        "-1",
        "0x1f",
        "1_000",
        "1e3",
        ".inf",
        "0o17",
        "12:30:45",
        "2026-11-22",
        "-",
        "- a",
        "? a",
        ": ",
        "a: b",
        "a #b",
        "#",
        "&a",
        "*a",
        "!a",
        "!!str a",
        "|",
        ">",
        "%YAML",
        "@",
        "`",
        "'",
        "\"",
        "\\",
        "\\u0041",
        "{}",
        "[]",
        "[1,2]",
        "{\"a\":1}",
        "---",
        "...",
        "<<",
        "=",
        ",",
        "/",
        "</",
        "a\n",
        "\na",
        "a\r\n\r\nb",
        "\t",
        "\0",
        "\u0001",
        "\u001b",
        "\u007f",
        "\u0085",
        "\u00a0",
        "\u00e9",
        "\u2028",
        "\u2029",
        "\ufeff",
        "\ufffd",
        "\ufffe",
        "\uffff",
        "\ud800",
        "\udc00",
        "\udc00\ud800",
        "a\ud800b",
        "\ud83d\ude00",
        "\ud83d\ude00\ud83d"
    };

    private Heads() {}

    static Stream<Serializer> serializers() {
        return Stream.of(
                BinarySerializer.INSTANCE, JsonSerializer.INSTANCE, YamlSerializer.INSTANCE, CborSerializer.INSTANCE);
    }

    static StoredResponse.Builder head() {
        return StoredResponse.builder()
                .id("0123456789abcdef0123456789abcdef")
                .key("https://example.org/a?b=c")
                .method("GET")
                .uri(TargetUri.parse("https://example.org/a?b=c"))
                .status(200)
                .fields(HttpFields.of(
                        "Date",
                        "Sun, 22 Nov 2026 10:15:30 GMT",
                        "Cache-Control",
                        "max-age=60",
                        "Vary",
                        "Accept, Origin"))
                .times(1_795_342_530_123L, 1_795_342_530_456L)
                .createdAt(1_795_342_530_456L);
    }

    /** One with everything that a head can have. */
    static StoredResponse full() {
        return head().fields(HttpFields.of(
                        "Date", "Sun, 22 Nov 2026 10:15:30 GMT",
                        "cache-control", "max-age=60, private=\"Set-Cookie\"",
                        "ETag", "\"a\\b/c\"",
                        "Set-Cookie", "a=1; Path=/",
                        "Set-Cookie", "b=2",
                        "X-Name", "J\u00fcrgen \u4e2d \ud83d\ude00",
                        "X-Empty", "",
                        "~", "null"))
                .selecting(List.of(
                        new SelectingField("accept", "=*/*"),
                        new SelectingField("authorization", "#00112233445566778899aabbccddeeff"),
                        new SelectingField("origin", null)))
                .key("https://example.org/\ud800")
                .authorized(true)
                .ttl(3_600_000, true)
                .tags(Set.of("start", "caf\u00e9", "\u0000"))
                .digest(new Digest(
                        Digest.VERSION, -1234, 333, 60_000, LifetimeSource.MAX_AGE, true, false, true, 86_400_000))
                .build();
    }

    static StoredResponse random(Random random) {
        HttpFields.Builder fields = HttpFields.builder();
        for (int i = random.nextInt(6); i > 0; i--) {
            fields.add(token(random), text(random));
        }
        List<SelectingField> selecting = new ArrayList<>();
        for (int i = random.nextInt(3); i > 0; i--) {
            String name = random.nextBoolean() ? token(random) : text(random);
            selecting.add(new SelectingField(name, random.nextInt(3) == 0 ? null : text(random)));
        }
        Set<String> tags = new HashSet<>();
        for (int i = random.nextInt(4); i > 0; i--) {
            tags.add(text(random));
        }
        Digest digest = new Digest(
                Digest.VERSION,
                random.nextInt(),
                number(random) >>> 1,
                number(random) >>> 1,
                LifetimeSource.values()[random.nextInt(LifetimeSource.values().length)],
                random.nextBoolean(),
                random.nextBoolean(),
                random.nextBoolean(),
                number(random));
        return StoredResponse.builder()
                .id(text(random))
                .key(text(random))
                .method(text(random))
                .uri(TargetUri.parse("http://a/" + token(random).replace('%', '-')))
                .status((int) number(random))
                .fields(fields.build())
                .selecting(selecting)
                .times(number(random), number(random))
                .createdAt(number(random))
                .authorized(random.nextBoolean())
                .ttl(random.nextBoolean() ? StoredResponse.NO_TTL : number(random), random.nextBoolean())
                .tags(tags)
                .digest(random.nextBoolean() ? digest : null)
                .build();
    }

    private static long number(Random random) {
        return switch (random.nextInt(6)) {
            case 0 -> Long.MIN_VALUE;
            case 1 -> Long.MAX_VALUE;
            case 2 -> random.nextInt(1000) - 500;
            case 3 -> random.nextLong() >> random.nextInt(64);
            default -> 1_795_342_530_000L + random.nextInt();
        };
    }

    private static String token(Random random) {
        StringBuilder token = new StringBuilder();
        for (int i = random.nextInt(20) == 0 ? 2000 : 1 + random.nextInt(12); i > 0; i--) {
            token.append(TOKEN_CHARS.charAt(random.nextInt(TOKEN_CHARS.length())));
        }
        return token.toString();
    }

    private static String text(Random random) {
        if (random.nextInt(3) == 0) {
            return ODD[random.nextInt(ODD.length)];
        }
        StringBuilder text = new StringBuilder();
        int most = random.nextInt(4);
        for (int i = random.nextInt(30) == 0 ? 3000 : random.nextInt(20); i > 0; i--) {
            switch (most == 0 ? random.nextInt(5) : random.nextInt(3)) {
                case 0 -> text.append((char) (' ' + random.nextInt(95)));
                case 1 -> text.append(ODD[random.nextInt(ODD.length)]);
                case 2 -> text.append((char) random.nextInt(256));
                case 3 -> text.append((char) random.nextInt(0x10000));
                default -> text.appendCodePoint(0x10000 + random.nextInt(0x100000));
            }
        }
        return text.toString();
    }
}
