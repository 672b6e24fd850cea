package dev.larder.client;

import dev.larder.engine.RequestContent;
import dev.larder.http.HttpFields;
import dev.larder.http.RequestDirectives;
import dev.larder.policy.CacheControls;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/**
 * For client adapters: the digest that stands for a request's content in its key (RFC 10008 2.7). Only the digest is ever
 * stored, never the content.
 */
public final class ContentDigest {
    /** Content beyond this many bytes is not worth holding in memory for a key: it should bypass the cache. */
    public static final int MOST_BYTES = 1024 * 1024;

    /** The fields that say what the bytes mean: equal bytes of another type are other content. */
    private static final List<String> DESCRIBING =
            List.of("Content-Type", "Content-Encoding", "Content-Language", "Content-Location");

    private ContentDigest() {}

    /**
     * Whether a request's content belongs to its key: that of a QUERY does, being what it asks for (RFC 10008 2.7), unless
     * the request bypasses the cache; that of other methods if the caller says so.
     */
    public static boolean isForKey(String method, CacheControls controls) {
        return (method.equals("QUERY") && !controls.bypass()) || controls.bodyInKey();
    }

    /**
     * What is known of content that has been read for the key.
     *
     * @param fields of the request
     * @param content all of it, or more than {@link #MOST_BYTES} of it, which is too long
     */
    public static RequestContent known(HttpFields fields, byte[] content, CacheControls controls) {
        if (content.length == 0) {
            return RequestContent.NONE;
        }
        return content.length > MOST_BYTES
                ? RequestContent.OPAQUE
                : RequestContent.ofDigest(of(fields, content, controls.bodyNormalized()));
    }

    /**
     * The digest of content and of the fields that describe it.
     *
     * @param fields of the request
     * @param content at most {@link #MOST_BYTES}; not changed
     * @param normalised whether to digest what the content means rather than its bytes: without gzip, and JSON without
     *     insignificant differences. Content that cannot be read so counts as it is, as does that of a request with
     *     {@code no-transform} (RFC 10008 2.7)
     * @return SHA-256 in hexadecimal
     */
    public static String of(HttpFields fields, byte[] content, boolean normalised) {
        boolean raw = !normalised || RequestDirectives.of(fields).noTransform();
        byte[] decoded = raw ? null : decoded(fields, content);
        HttpFields described = decoded == null ? fields : fields.without("Content-Encoding");
        byte[] bytes = decoded == null ? content : decoded;
        byte[] canonical = raw || described.contains("Content-Encoding") ? null : canonical(described, bytes);
        return digest(described, canonical == null ? bytes : canonical);
    }

    /** Without gzip; null when it is not coded so, or not readable, or too long. */
    private static byte @Nullable [] decoded(HttpFields fields, byte[] content) {
        String coding = fields.combined("Content-Encoding");
        if (coding == null || !coding.trim().equalsIgnoreCase("gzip")) {
            return null;
        }
        try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(content))) {
            byte[] bytes = in.readNBytes(MOST_BYTES + 1);
            return bytes.length > MOST_BYTES ? null : bytes;
        } catch (IOException e) {
            // Not gzip after all: then the bytes themselves are the content.
            return null;
        }
    }

    private static byte @Nullable [] canonical(HttpFields fields, byte[] content) {
        String type = fields.first("Content-Type");
        if (type == null) {
            return null;
        }
        String name = type.substring(0, type.indexOf(';') < 0 ? type.length() : type.indexOf(';'))
                .trim()
                .toLowerCase(Locale.ROOT);
        return name.equals("application/json") || name.endsWith("+json") ? CanonicalJson.of(content) : null;
    }

    private static String digest(HttpFields fields, byte[] bytes) {
        MessageDigest sha;
        try {
            sha = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
        for (String name : DESCRIBING) {
            List<String> values = fields.values(name);
            // Counts and lengths go in first, so that no two different requests make the same input.
            sha.update(ByteBuffer.allocate(4).putInt(values.size()).flip());
            for (String value : values) {
                byte[] text = value.getBytes(StandardCharsets.UTF_8);
                sha.update(ByteBuffer.allocate(4).putInt(text.length).flip());
                sha.update(text);
            }
        }
        return HexFormat.of().formatHex(sha.digest(bytes));
    }
}
