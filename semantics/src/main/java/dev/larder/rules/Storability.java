package dev.larder.rules;

import dev.larder.http.HttpFields;
import dev.larder.http.RequestDirectives;
import dev.larder.http.RequestHead;
import dev.larder.http.ResponseDirectives;
import dev.larder.http.ResponseHead;
import dev.larder.http.Vary;
import dev.larder.policy.CachePolicy;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** RFC 9111 3: whether a response may be stored. */
public final class Storability {
    /** RFC 6585 3 to 6. */
    private static final Set<Integer> NEVER_STORED = Set.of(428, 429, 431, 511);

    private Storability() {}

    /**
     * Whether the response to a cacheable request may be stored.
     *
     * @param forced whether the caller or the policy stores it whatever its fields say
     * @return a reason that {@linkplain Reason#allowsStoring() allows storing}, or the reason not to
     */
    public static Reason ask(
            RequestHead request,
            RequestDirectives requestDirectives,
            ResponseHead response,
            boolean forced,
            CachePolicy policy) {
        Reason impossible = impossible(request, response, policy);
        if (impossible != null) {
            return impossible;
        }
        if (forced) {
            return Reason.STORABLE_FORCED;
        }
        if (requestDirectives.noStore()) {
            return Reason.REQUEST_NO_STORE;
        }
        EffectiveDirectives effective = EffectiveDirectives.of(response.fields(), policy);
        ResponseDirectives directives = effective.directives();
        boolean understood = policy.understoodStatuses().contains(response.status());
        if (directives.mustUnderstand() && !understood) {
            return Reason.STATUS_NOT_UNDERSTOOD;
        }
        if (isNoStore(directives, response.status(), policy)) {
            return Reason.NO_STORE;
        }
        if (policy.shared()) {
            Reason notShared =
                    keepsOutOfShared(request.fields().contains("Authorization"), response.fields(), effective, policy);
            if (notShared != null) {
                return notShared;
            }
        }
        return allowance(request, response, effective, policy);
    }

    /**
     * RFC 9110 9.3.3 and RFC 5789 2: whether the answer to a POST or PATCH is, as its Content-Location says, what a GET of
     * the same URI would be answered with.
     */
    public static boolean isAnswerToGet(RequestHead request, ResponseHead response) {
        String location = response.fields().first("Content-Location");
        return (request.method().equals("POST") || request.method().equals("PATCH"))
                && response.status() >= 200
                && response.status() < 300
                && location != null
                && request.uri().equals(request.uri().resolve(location));
    }

    /** RFC 9111 5.2.2.3: a cache that understands the status code ignores no-store beside must-understand. */
    static boolean isNoStore(ResponseDirectives directives, int status, CachePolicy policy) {
        boolean understood = policy.understoodStatuses().contains(status);
        return directives.noStore() && !(directives.mustUnderstand() && understood);
    }

    /** What no policy and no caller can override. */
    private static @Nullable Reason impossible(RequestHead request, ResponseHead response, CachePolicy policy) {
        int status = response.status();
        if (status < 200) {
            return Reason.STATUS_NOT_FINAL;
        }
        // Both answer a Range, not the request without it; a part can be kept as what it is.
        if (status == 416 || (status == 206 && PartialContent.storableRange(request, response) == null)) {
            return Reason.STATUS_PARTIAL;
        }
        if (status == 304) {
            return Reason.STATUS_NOT_MODIFIED;
        }
        if (NEVER_STORED.contains(status)) {
            return Reason.STATUS_NEVER_STORED;
        }
        // Clients differ in which of the two they believe, and one that is wrong has another body than was sent.
        if (response.fields().contains("Transfer-Encoding") && response.fields().contains("Content-Length")) {
            return Reason.FRAMING_CONTRADICTORY;
        }
        if (!policy.accepts(request, response)) {
            return Reason.FILTERED;
        }
        return Vary.of(response.fields()).any() ? Reason.VARY_ANY : null;
    }

    /** RFC 9111 3: what keeps a response out of a shared cache, or null. */
    static @Nullable Reason keepsOutOfShared(
            boolean authorized, HttpFields fields, EffectiveDirectives effective, CachePolicy policy) {
        ResponseDirectives directives = effective.directives();
        boolean qualified =
                !policy.qualifiedDirectives() && !directives.privateFields().isEmpty();
        if (directives.isPrivate() || qualified) {
            return Reason.PRIVATE;
        }
        boolean markedShareable = directives.isPublic() || directives.sMaxage() >= 0;
        // RFC 9111 3.5: only these three permit it.
        if (authorized && !markedShareable && !directives.mustRevalidate()) {
            return Reason.AUTHORIZED;
        }
        if (fields.contains("Set-Cookie") && !markedShareable && !effective.targeted() && !policy.storeSetCookie()) {
            return Reason.SET_COOKIE;
        }
        return null;
    }

    /** RFC 9111 3, last condition: at least one thing has to allow storing; and it has to be of use. */
    private static Reason allowance(
            RequestHead request, ResponseHead response, EffectiveDirectives effective, CachePolicy policy) {
        ResponseDirectives directives = effective.directives();
        HttpFields fields = response.fields();
        Reason allowance;
        if (Freshness.isExplicit(fields, effective, policy)) {
            allowance = Reason.STORABLE_EXPLICIT;
        } else if (policy.defaultFreshness(request.uri(), response.status()) != null) {
            return Reason.STORABLE_CONFIGURED;
        } else if (directives.isPublic() || (directives.isPrivate() && !policy.shared())) {
            allowance = Reason.STORABLE_MARKED;
        } else if (Freshness.isHeuristicallyCacheable(response.status())) {
            allowance = Reason.STORABLE_STATUS;
        } else {
            return Reason.NOTHING_ALLOWS_STORING;
        }
        boolean reusable = allowance == Reason.STORABLE_EXPLICIT || Validation.hasValidator(fields);
        return reusable ? allowance : Reason.NOTHING_TO_REUSE;
    }
}
