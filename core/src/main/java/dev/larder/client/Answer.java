package dev.larder.client;

import dev.larder.CacheInfo;
import dev.larder.http.ResponseHead;
import dev.larder.storage.StoredEntry;
import org.jspecify.annotations.Nullable;

/**
 * What the caller is to be given. Exactly one of {@code relayed} and {@code body} is there.
 *
 * @param head status and fields
 * @param relayed the origin's own body, which the cache has not touched
 * @param body a body that the cache serves
 * @param entry the entry that was served from storage, for what the adapter attaches to it; null otherwise
 * @param info how the response came about
 * @param <B> the client's own form of a response body
 */
public record Answer<B>(
        ResponseHead head,
        @Nullable B relayed,
        @Nullable Body body,
        @Nullable StoredEntry entry,
        CacheInfo info) {}
