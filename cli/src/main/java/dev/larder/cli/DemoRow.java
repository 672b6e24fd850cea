package dev.larder.cli;

import dev.larder.CacheInfo;
import dev.larder.engine.CacheResult;
import dev.larder.engine.Decision;
import dev.larder.rules.Reason;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * One row of the demo: what was asked, what came of it, and what should have.
 *
 * @param originRequests how many requests the origin got for it
 * @param problems what did not come out as expected
 */
record DemoRow(
        String what,
        String request,
        String result,
        String cacheStatus,
        int originRequests,
        long nanos,
        String why,
        List<String> problems) {

    /** What a row has to come out as. */
    record Expected(CacheResult result, Reason reason, int originRequests, int status, String body) {}

    /** The row of one response. */
    static DemoRow of(
            String what,
            String request,
            HttpResponse<String> response,
            int originRequests,
            long nanos,
            Expected expected) {
        CacheInfo info = CacheInfo.of(response);
        boolean reasonGiven = reasons(info).contains(expected.reason());
        Reason shown = reasonGiven ? expected.reason() : info.reason();
        List<String> problems = new ArrayList<>();
        check(problems, "result", expected.result(), info.status());
        check(problems, "origin requests", expected.originRequests(), originRequests);
        check(problems, "status", expected.status(), response.statusCode());
        check(problems, "body", expected.body(), response.body());
        if (!reasonGiven) {
            check(problems, "reason", expected.reason(), info.reason());
        }
        return new DemoRow(
                what,
                request,
                shown == Reason.INVALIDATED
                        ? "invalidated"
                        : info.status().name().toLowerCase(Locale.ROOT),
                String.join(", ", response.headers().allValues("Cache-Status")),
                originRequests,
                nanos,
                shown.toString(),
                List.copyOf(problems));
    }

    private static void check(List<String> problems, String of, Object expected, Object was) {
        if (!expected.equals(was)) {
            problems.add(of + " should be " + expected + " and was " + was);
        }
    }

    /** Every reason that had a part in it. */
    private static List<Reason> reasons(CacheInfo info) {
        List<Reason> reasons = new ArrayList<>();
        reasons.add(info.reason());
        Reason storing = info.storing();
        if (storing != null) {
            reasons.add(storing);
        }
        for (Decision.Asked asked : info.trace()) {
            reasons.add(asked.answer());
        }
        return reasons;
    }

    Colour colour() {
        if (!problems.isEmpty()) {
            return Colour.RED;
        }
        return switch (result) {
            case "hit", "revalidated" -> Colour.GREEN;
            case "miss" -> Colour.YELLOW;
            default -> Colour.CYAN;
        };
    }
}
