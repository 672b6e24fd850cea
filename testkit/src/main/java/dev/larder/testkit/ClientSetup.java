package dev.larder.testkit;

import dev.larder.HttpCache;
import java.net.PasswordAuthentication;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import javax.net.ssl.X509TrustManager;

/**
 * How a test of {@link ClientContract} wants its client. What is not set is the client's own default, but for the
 * network: no proxy, and no limit on connections below 100 for one host.
 *
 * @param cache the cache to install as a user would; empty for the bare client, which has everything else alike
 * @param http2 whether to speak HTTP/2 where the server offers it by ALPN; else HTTP/1.1 only
 * @param followRedirects whether redirects are followed, from https to http and back as well if the client can
 * @param timeout how long to wait for bytes of a response; the whole exchange may take as long, too
 * @param cookies whether the client keeps cookies; only set if {@link ClientContract#keepsCookies()}
 * @param credentials what to answer a Basic challenge of the origin by; only set if
 *     {@link ClientContract#answersChallenges()}
 * @param tls trusts the certificate of the test's origins
 * @param trust the trust manager in {@code tls}
 */
public record ClientSetup(
        Optional<HttpCache> cache,
        boolean http2,
        boolean followRedirects,
        Optional<Duration> timeout,
        boolean cookies,
        Optional<PasswordAuthentication> credentials,
        SSLContext tls,
        X509TrustManager trust) {
    /** Null is not allowed anywhere. */
    public ClientSetup {
        Objects.requireNonNull(cache, "cache");
        Objects.requireNonNull(timeout, "timeout");
        Objects.requireNonNull(credentials, "credentials");
        Objects.requireNonNull(tls, "tls");
        Objects.requireNonNull(trust, "trust");
    }

    /** A bare client that follows no redirects. */
    static ClientSetup bare(boolean http2, SSLContext tls, X509TrustManager trust) {
        return new ClientSetup(Optional.empty(), http2, false, Optional.empty(), false, Optional.empty(), tls, trust);
    }

    /** The same with a cache. */
    public ClientSetup withCache(HttpCache value) {
        return new ClientSetup(Optional.of(value), http2, followRedirects, timeout, cookies, credentials, tls, trust);
    }

    /** The same without a cache. */
    public ClientSetup withoutCache() {
        return new ClientSetup(Optional.empty(), http2, followRedirects, timeout, cookies, credentials, tls, trust);
    }

    /** The same, following redirects. */
    public ClientSetup withRedirects() {
        return new ClientSetup(cache, http2, true, timeout, cookies, credentials, tls, trust);
    }

    /** The same with a time-out. */
    public ClientSetup withTimeout(Duration value) {
        return new ClientSetup(cache, http2, followRedirects, Optional.of(value), cookies, credentials, tls, trust);
    }

    /** The same, keeping cookies. */
    public ClientSetup withCookies() {
        return new ClientSetup(cache, http2, followRedirects, timeout, true, credentials, tls, trust);
    }

    /** The same with credentials. */
    public ClientSetup withCredentials(String user, String password) {
        return new ClientSetup(
                cache,
                http2,
                followRedirects,
                timeout,
                cookies,
                Optional.of(new PasswordAuthentication(user, password.toCharArray())),
                tls,
                trust);
    }
}
