package dev.larder.integration.spring.boot;

import dev.larder.CacheStatistics;
import dev.larder.HttpCache;
import dev.larder.rules.StoredResponse;
import dev.larder.storage.StorageStatistics;
import dev.larder.storage.StoredEntry;
import java.io.IOException;
import java.net.URI;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.InvalidEndpointRequestException;
import org.springframework.boot.actuate.endpoint.annotation.DeleteOperation;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;

/** The actuator endpoint {@code larder}: what the cache has done and holds, and a way to remove it. */
@Endpoint(id = "larder")
public final class LarderEndpoint {
    private static final int MOST_ENTRIES = 100;

    private final HttpCache cache;

    LarderEndpoint(HttpCache cache) {
        this.cache = cache;
    }

    /**
     * What the cache has done and holds.
     *
     * @param statistics since the start
     * @param storage what the storage holds, as far as it can tell
     * @param entries some of the entries
     * @param more whether there are more
     */
    public record Report(
            CacheStatistics statistics, StorageStatistics storage, List<EntryReport> entries, boolean more) {}

    /** One entry. */
    public record EntryReport(String id, String method, String url, int status, Instant created, long bodyBytes) {
        private static EntryReport of(StoredEntry entry) {
            StoredResponse stored = entry.stored();
            return new EntryReport(
                    stored.id(),
                    stored.method(),
                    stored.uri().toString(),
                    stored.status(),
                    stored.created(),
                    entry.bodyLength());
        }
    }

    /** How much was removed; null where the storage cannot tell. */
    public record Removed(@Nullable Integer entries) {}

    /**
     * Lists.
     *
     * @param prefix only entries whose URL begins with this
     * @param limit how many at the most; 100 by default
     */
    @ReadOperation
    public Report report(@Nullable String prefix, @Nullable Integer limit) throws IOException {
        int most = limit == null ? MOST_ENTRIES : limit;
        List<EntryReport> entries = new ArrayList<>();
        Iterator<StoredEntry> all = cache.entries();
        boolean more = false;
        while (all.hasNext() && !more) {
            StoredEntry entry = all.next();
            if (prefix == null || entry.stored().uri().toString().startsWith(prefix)) {
                more = entries.size() >= most;
                if (!more) {
                    entries.add(EntryReport.of(entry));
                }
            }
        }
        return new Report(cache.statistics(), cache.storageStatistics(), entries, more);
    }

    /**
     * Removes what is named.
     *
     * @param url all variants of this URL
     * @param tag everything with this tag
     * @param prefix everything whose URL begins with this
     * @param all everything, if true
     * @throws InvalidEndpointRequestException if nothing is named, so that a misspelt parameter does not remove everything
     */
    @DeleteOperation
    public Removed evict(@Nullable String url, @Nullable String tag, @Nullable String prefix, @Nullable Boolean all)
            throws IOException {
        if (url != null) {
            return new Removed(cache.invalidate(URI.create(url)));
        }
        if (tag != null) {
            return new Removed(cache.invalidateTag(tag));
        }
        if (prefix != null) {
            return new Removed(cache.invalidatePrefix(prefix));
        }
        if (!Boolean.TRUE.equals(all)) {
            throw new InvalidEndpointRequestException(
                    "no parameter says what to remove", "name what to remove: url, tag, prefix, or all=true");
        }
        cache.clear();
        return new Removed(null);
    }
}
