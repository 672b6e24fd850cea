package dev.larder.rules;

import dev.larder.http.HttpFields;
import dev.larder.http.Vary;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One request field that selected a stored response, because the response's Vary names it (RFC 9111 4.1).
 *
 * <p>Only content negotiation is kept as text. Every other value may hold a secret, so a salted digest stands for it.
 *
 * @param name the field's name in lower case
 * @param value the text behind {@code =}, or a digest behind {@code #}; null when the request did not have the field
 */
public record SelectingField(String name, @Nullable String value) {
    private static final Set<String> KEPT_AS_TEXT = Set.of(
            "accept",
            "accept-charset",
            "accept-encoding",
            "accept-language",
            "content-type",
            "origin",
            "prefer",
            "range",
            "user-agent",
            "x-requested-with");

    /** The selecting fields of a request for a response whose Vary has these names, in lower case. */
    static List<SelectingField> of(List<String> names, HttpFields request, String salt) {
        if (names.isEmpty()) {
            return List.of();
        }
        List<SelectingField> fields = new ArrayList<>(names.size());
        for (String name : names) {
            fields.add(new SelectingField(name, valueOf(name, request, salt)));
        }
        return List.copyOf(fields);
    }

    /** Whether the request's field equals the one that selected the response; absent equals absent only. */
    boolean matches(HttpFields request, String salt) {
        return Objects.equals(value, valueOf(name, request, salt));
    }

    private static @Nullable String valueOf(String name, HttpFields request, String salt) {
        String value = Vary.normalisedValue(request, name);
        if (value == null) {
            return null;
        }
        return KEPT_AS_TEXT.contains(name) ? "=" + value : "#" + digest(salt, value);
    }

    private static String digest(String salt, String value) {
        try {
            MessageDigest sha = MessageDigest.getInstance("SHA-256");
            sha.update(salt.getBytes(StandardCharsets.UTF_8));
            sha.update((byte) 0);
            return HexFormat.of().formatHex(sha.digest(value.getBytes(StandardCharsets.UTF_8)), 0, 16);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
