package dev.larder.http;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An entity tag (RFC 9110 section 8.8.3), kept byte for byte as received so that it can be sent back.
 *
 * <p>A tag that breaks the grammar, such as an unquoted one, is kept too: its sender will know it again. It counts as
 * weak, since nothing is known about what it promises.
 */
public final class EntityTag {

    private final String text;
    private final boolean weak;

    /** Where the part to compare starts: after the {@code W/} of a well-formed weak tag. */
    private final int opaqueStart;

    private EntityTag(String text) {
        this.text = text;
        boolean prefixed = text.startsWith("W/\"");
        int quote = prefixed ? 2 : 0;
        boolean wellFormed = text.length() > quote + 1
                && text.charAt(quote) == '"'
                && text.indexOf('"', quote + 1) == text.length() - 1;
        this.weak = prefixed || !wellFormed;
        this.opaqueStart = wellFormed ? quote : 0;
    }

    /** The tag in the value of {@code ETag} or {@code If-Range}; null if there is no text. */
    public static @Nullable EntityTag parse(@Nullable String text) {
        String trimmed = text == null ? "" : Ascii.trim(text);
        return trimmed.isEmpty() ? null : new EntityTag(trimmed);
    }

    /**
     * The tags in the value of {@code If-None-Match} or {@code If-Match}, in order; unmodifiable. Whether that value is
     * {@code *}, which is no tag, is for the caller to ask first.
     */
    public static List<EntityTag> parseList(String text) {
        List<EntityTag> tags = new ArrayList<>();
        FieldScanner in = new FieldScanner(text);
        for (in.skipListSeparators(); !in.atEnd(); in.skipListSeparators()) {
            int start = in.position();
            in.eatIgnoreCase("W/");
            if (in.eat('"')) {
                in.skipTo('"'); // commas may be part of a tag, escapes are not
            }
            in.skipTo(',');
            tags.add(new EntityTag(Ascii.trim(in.since(start))));
        }
        return Collections.unmodifiableList(tags);
    }

    /** Whether equality of this tag does not promise equal bytes. */
    public boolean weak() {
        return weak;
    }

    /** The tag as received, quotes included. */
    public String text() {
        return text;
    }

    /** Weak comparison (RFC 9110 section 8.8.3.2): the same opaque text, whether weak or not. */
    public boolean weaklyMatches(EntityTag other) {
        int length = text.length() - opaqueStart;
        return length == other.text.length() - other.opaqueStart
                && text.regionMatches(opaqueStart, other.text, other.opaqueStart, length);
    }

    /** Strong comparison (RFC 9110 section 8.8.3.2): the same opaque text, and neither is weak. */
    public boolean stronglyMatches(EntityTag other) {
        return !weak && !other.weak && text.equals(other.text);
    }

    /** Equal means: the same text. Use the comparisons above to decide about representations. */
    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof EntityTag that && text.equals(that.text);
    }

    @Override
    public int hashCode() {
        return text.hashCode();
    }

    /** The same as {@link #text()}. */
    @Override
    public String toString() {
        return text;
    }
}
