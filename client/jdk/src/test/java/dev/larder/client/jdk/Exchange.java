package dev.larder.client.jdk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.CacheInfo;
import dev.larder.engine.CacheResult;
import dev.larder.rules.Reason;
import java.net.http.HttpResponse;

/** One answered request, and what may be said of it. */
record Exchange(HttpResponse<String> response) {
    CacheInfo info() {
        return CacheInfo.of(response);
    }

    String body() {
        return response.body();
    }

    String field(String name) {
        return response.headers().firstValue(name).orElse(null);
    }

    Exchange assertHit(String body) {
        return assertResult(CacheResult.HIT, body);
    }

    Exchange assertMiss(String body) {
        return assertResult(CacheResult.MISS, body);
    }

    Exchange assertRevalidated(String body) {
        return assertResult(CacheResult.REVALIDATED, body);
    }

    Exchange assertStale(String body) {
        return assertResult(CacheResult.STALE, body);
    }

    Exchange assertBypassed(String body) {
        return assertResult(CacheResult.BYPASSED, body);
    }

    private Exchange assertResult(CacheResult result, String body) {
        assertThat(info().status()).as(() -> info().explain()).isEqualTo(result);
        assertThat(response.body()).isEqualTo(body);
        return this;
    }

    Exchange assertStatus(int status) {
        assertThat(response.statusCode()).isEqualTo(status);
        return this;
    }

    Exchange assertBecause(Reason reason) {
        assertThat(info().reason()).isEqualTo(reason);
        return this;
    }

    Exchange assertStored() {
        assertThat(info().stored()).as(() -> info().explain()).isTrue();
        return this;
    }

    Exchange assertNotStored(Reason why) {
        assertThat(info().stored()).as(() -> info().explain()).isFalse();
        assertThat(info().storing()).isEqualTo(why);
        return this;
    }

    Exchange assertField(String name, String... values) {
        assertThat(response.headers().allValues(name)).containsExactly(values);
        return this;
    }
}
