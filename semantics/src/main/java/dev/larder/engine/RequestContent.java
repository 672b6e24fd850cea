package dev.larder.engine;

import org.jspecify.annotations.Nullable;

/**
 * What a client adapter knows of a request's content.
 *
 * @param present whether there is any
 * @param digest a collision-resistant digest of it and of the fields that describe it, in hexadecimal; null unless the
 *     caller asked for it to be part of the key
 */
public record RequestContent(boolean present, @Nullable String digest) {
    /** The request has no content. */
    public static final RequestContent NONE = new RequestContent(false, null);
    /** The request has content that is not part of the key. */
    public static final RequestContent OPAQUE = new RequestContent(true, null);

    /** Content that is part of the key. */
    public static RequestContent ofDigest(String digest) {
        return new RequestContent(true, digest);
    }
}
