package dev.larder.client.apache;

import dev.larder.HttpCache;
import dev.larder.client.ContentDigest;
import dev.larder.client.Origin;
import dev.larder.engine.RequestContent;
import dev.larder.http.HttpFields;
import dev.larder.http.RequestHead;
import dev.larder.http.ResponseHead;
import dev.larder.http.TargetUri;
import dev.larder.http.Vary;
import dev.larder.policy.CacheControls;
import dev.larder.rules.Reason;
import java.io.IOException;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import org.apache.hc.client5.http.HttpRoute;
import org.apache.hc.client5.http.auth.AuthScope;
import org.apache.hc.client5.http.auth.Credentials;
import org.apache.hc.client5.http.protocol.HttpClientContext;
import org.apache.hc.client5.http.protocol.RequestAddCookies;
import org.apache.hc.core5.http.EntityDetails;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpException;
import org.apache.hc.core5.http.HttpHost;
import org.apache.hc.core5.http.HttpRequest;
import org.apache.hc.core5.http.HttpRequestInterceptor;
import org.apache.hc.core5.http.HttpResponse;
import org.apache.hc.core5.http.HttpVersion;
import org.apache.hc.core5.http.MessageHeaders;
import org.apache.hc.core5.http.message.BasicHeader;
import org.apache.hc.core5.http.message.BasicHttpRequest;
import org.apache.hc.core5.http.message.MessageSupport;
import org.apache.hc.core5.net.URIAuthority;
import org.apache.hc.core5.util.Timeout;
import org.jspecify.annotations.Nullable;

/** Between Apache's messages and Larder's, for both variants of one client. */
final class Messages {
    private final HttpCache cache;
    private final List<HttpRequestInterceptor> interceptors;
    /** What the client calls itself, which it adds below the cache; null as long as it has sent nothing. */
    private volatile @Nullable String userAgent;

    Messages(HttpCache cache, HttpRequestInterceptor... interceptors) {
        this.cache = cache;
        this.interceptors = List.of(interceptors);
    }

    /** Runs the interceptors that have been put above the cache. */
    void intercept(HttpRequest request, @Nullable EntityDetails entity, HttpClientContext context)
            throws HttpException, IOException {
        for (HttpRequestInterceptor interceptor : interceptors) {
            interceptor.process(request, entity, context);
        }
    }

    /**
     * The request as it will be sent, as far as that is known and matters to the cache: credentials that are added below
     * are named, not shown.
     *
     * @return null if it is not the cache's business: it asks for something else than its own target
     */
    @Nullable
    RequestHead head(HttpRequest request, HttpRoute route, HttpClientContext context) {
        HttpHost target = target(request, route);
        Header host = request.getFirstHeader("Host");
        String path = request.getPath();
        if (path == null || !path.startsWith("/") || (host != null && !sameHost(target, host.getValue()))) {
            return null;
        }
        TargetUri uri;
        try {
            uri = TargetUri.parse(target.toURI() + path);
        } catch (IllegalArgumentException e) {
            // Whatever it is, the client sends or refuses it as it does without a cache.
            return null;
        }
        HttpFields.Builder fields = fields(request).toBuilder();
        addCookies(request, route, context, fields);
        String agent = userAgent;
        if (agent != null && !request.containsHeader("User-Agent")) {
            fields.addReceived("User-Agent", agent);
        }
        Credentials credentials = request.containsHeader("Authorization") || context.getCredentialsProvider() == null
                ? null
                : context.getCredentialsProvider().getCredentials(new AuthScope(target), context);
        if (credentials != null) {
            fields.addReceived("Authorization", "added-below-the-cache " + credentials.getUserPrincipal());
        }
        return new RequestHead(request.getMethod(), uri, fields.build());
    }

    private static HttpHost target(HttpRequest request, HttpRoute route) {
        URIAuthority authority = request.getAuthority();
        HttpHost host = route.getTargetHost();
        if (authority == null) {
            return host;
        }
        String scheme = request.getScheme() == null ? host.getSchemeName() : request.getScheme();
        return new HttpHost(scheme, authority.getHostName(), authority.getPort());
    }

    private static boolean sameHost(HttpHost target, @Nullable String field) {
        try {
            return TargetUri.parse(target.toURI() + "/")
                    .equals(TargetUri.parse(target.getSchemeName() + "://" + field));
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    private static void addCookies(
            HttpRequest request, HttpRoute route, HttpClientContext context, HttpFields.Builder fields) {
        if (context.getCookieStore() == null
                || context.getCookieStore().getCookies().isEmpty()) {
            return;
        }
        HttpHost target = target(request, route);
        HttpRequest asked = new BasicHttpRequest(request.getMethod(), target, request.getPath());
        HttpClientContext scratch = withDefaultsOf(context);
        scratch.setRoute(route);
        try {
            RequestAddCookies.INSTANCE.process(asked, null, scratch);
        } catch (HttpException | IOException e) {
            // The client asks again when it sends, and reports what is thrown then.
            return;
        }
        fields.addAll(fields(asked));
    }

    /** A new context for a request of the cache's own, with what the client or the caller has set up for all requests. */
    static HttpClientContext withDefaultsOf(HttpClientContext context) {
        HttpClientContext fresh = HttpClientContext.create();
        fresh.setCookieStore(context.getCookieStore());
        fresh.setCookieSpecRegistry(context.getCookieSpecRegistry());
        fresh.setAuthSchemeRegistry(context.getAuthSchemeRegistry());
        fresh.setCredentialsProvider(context.getCredentialsProvider());
        fresh.setAuthCache(context.getAuthCache());
        fresh.setRequestConfig(context.getRequestConfigOrDefault());
        return fresh;
    }

    /** How long to wait for another request's response: as long as for one of one's own. */
    static @Nullable Duration patience(HttpClientContext context) {
        Timeout timeout = context.getRequestConfigOrDefault().getResponseTimeout();
        return Timeout.isPositive(timeout) ? timeout.toDuration() : null;
    }

    /** Makes a copy of the request what the cache wants to be sent. */
    static void condition(HttpRequest copy, RequestHead asked, RequestHead wanted) {
        if (!wanted.equals(asked)) {
            for (String name : Origin.CHANGED_FIELDS) {
                copy.removeHeaders(name);
                wanted.fields().values(name).forEach(value -> copy.addHeader(name, value));
            }
        }
    }

    static HttpFields fields(MessageHeaders message) {
        HttpFields.Builder fields = HttpFields.builder();
        for (Iterator<Header> headers = message.headerIterator(); headers.hasNext(); ) {
            Header header = headers.next();
            fields.addReceived(header.getName(), header.getValue());
        }
        return fields.build();
    }

    // Responses.

    /**
     * The origin's response for the cache.
     *
     * @param request the caller's
     * @param asked the request as the cache knows it
     * @param context that it was sent in
     */
    <B> Origin.Response<B> received(
            HttpResponse response, B body, HttpRequest request, RequestHead asked, HttpClientContext context) {
        HttpFields fields = fields(response);
        if (ReceivedBytes.cutInHead(context, response)) {
            // Its last line may be half of one, and there may have been more.
            HttpFields whole = fields.size() == 0 ? fields : fields.without(fields.name(fields.size() - 1));
            ResponseHead head = new ResponseHead(response.getCode(), response.getCode() == 304 ? whole : fields);
            return new Origin.Response<>(head, body, Reason.HEAD_BROKEN_OFF);
        }
        HttpFields sent = context.getRequest() == null ? asked.fields() : fields(context.getRequest());
        if (!request.containsHeader("User-Agent")) {
            userAgent = sent.first("User-Agent");
        }
        boolean known = knew(asked.fields(), sent, fields);
        return new Origin.Response<>(
                new ResponseHead(response.getCode(), fields), body, known ? null : Reason.REQUEST_UNKNOWN);
    }

    /** Whether the cache knew of the request what the response depends on. */
    private boolean knew(HttpFields asked, HttpFields sent, HttpFields response) {
        boolean authorized = sent.contains("Authorization") && !asked.contains("Authorization");
        if (authorized && cache.policy().shared()) {
            return false;
        }
        for (String name : Vary.of(response).names()) {
            boolean same = name.equals("authorization")
                    ? !authorized
                    : sent.values(name).equals(asked.values(name));
            if (!same) {
                return false;
            }
        }
        return true;
    }

    /**
     * Fills in what the caller is to see.
     *
     * @param fromOrigin the origin's response, if that is what the caller is given; may be the same
     */
    static void fill(HttpResponse response, HttpFields fields, @Nullable HttpResponse fromOrigin) {
        response.setVersion(fromOrigin == null ? HttpVersion.HTTP_1_1 : fromOrigin.getVersion());
        if (fromOrigin != null) {
            response.setReasonPhrase(fromOrigin.getReasonPhrase());
        }
        if (fromOrigin != null && fields.equals(fields(fromOrigin))) {
            response.setHeaders(fromOrigin.getHeaders());
            return;
        }
        Header[] headers = new Header[fields.size()];
        for (int i = 0; i < headers.length; i++) {
            headers[i] = new BasicHeader(fields.name(i), fields.value(i));
        }
        response.setHeaders(headers);
    }

    /** What the client notes in the context when it has received a response, for one that the cache serves. */
    static void served(HttpClientContext context, HttpRoute route, HttpRequest request, HttpResponse response) {
        context.setRoute(route);
        context.setRequest(request);
        context.setResponse(response);
    }

    // Request content.

    /** What is known of it without reading it. */
    static RequestContent content(@Nullable EntityDetails entity) {
        return entity == null || entity.getContentLength() == 0 ? RequestContent.NONE : RequestContent.OPAQUE;
    }

    /**
     * Whether content is to be read for the key. It has to be short, and if its length is not known, it has to be
     * repeatable, so that it can still be sent when it turns out to be long.
     */
    static boolean isForKey(
            HttpRequest request, @Nullable EntityDetails entity, boolean repeatable, CacheControls controls) {
        if (entity == null || !ContentDigest.isForKey(request.getMethod(), controls)) {
            return false;
        }
        Set<String> trailers = entity.getTrailerNames();
        long length = entity.getContentLength();
        return length != 0
                && length <= ContentDigest.MOST_BYTES
                && (length > 0 || repeatable)
                && (trailers == null || trailers.isEmpty());
    }

    /** What is known of content that was read. Moves what describes it into the request's own fields. */
    static RequestContent known(HttpRequest request, EntityDetails entity, byte[] bytes, CacheControls controls) {
        MessageSupport.addContentTypeHeader(request, entity);
        MessageSupport.addContentEncodingHeader(request, entity);
        return ContentDigest.known(fields(request), bytes, controls);
    }
}
