/**
 * Heads of entries as JSON, YAML or CBOR, for {@link dev.larder.storage.Storage storages} whose entries people or other
 * programs are to read.
 *
 * <p>The three formats have the same members, named like what {@link dev.larder.rules.StoredResponse} answers. In YAML:
 *
 * <pre>
 * version: 1
 * id: "0123456789abcdef0123456789abcdef"
 * key: "https://example.org/"
 * method: "GET"
 * uri: "https://example.org/"
 * status: 200
 * fields:
 * - Cache-Control: "max-age=60"
 * - Vary: "Accept, Origin"
 * selecting:                        # left out when there are none, as are ttlMillis, slidingTtl, tags and digest
 * - accept: "=*{@literal /}*"
 * - origin: null
 * authorized: false
 * ttlMillis: 3600000
 * slidingTtl: true
 * tags:
 * - "start"
 * digest:
 *   version: 2
 *   policy: 1234
 *   initialAgeMillis: 333
 *   lifetimeMillis: 60000
 *   lifetimeSource: "max-age"
 *   noCache: false
 *   noStale: false
 *   unusable: false
 *   staleIfErrorMillis: 0
 * requestTime: "2026-11-22T10:15:30.123Z"
 * responseTime: "2026-11-22T10:15:30.456Z"
 * createdAt: "2026-11-22T10:15:30.456Z"
 * </pre>
 *
 * <p>In CBOR the three times are milliseconds since the epoch. A text with unpaired surrogates, which UTF-8 cannot carry,
 * is an array of its UTF-16 code units; and a selecting field whose name is not made of visible ASCII characters is an
 * array of its name and its value.
 *
 * <p>Reading is strict: members may come in any order, but each once at most, and one that the version does not have
 * makes the head unreadable, as another version does. Nor may YAML use aliases or tags, or CBOR tags.
 */
@NullMarked
package dev.larder.serializers.jackson;

import org.jspecify.annotations.NullMarked;
