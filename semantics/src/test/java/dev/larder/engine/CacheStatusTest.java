package dev.larder.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.http.StructuredFields;
import dev.larder.http.StructuredFields.Item;
import dev.larder.http.StructuredFields.Member;
import dev.larder.http.StructuredFields.SfBoolean;
import dev.larder.http.StructuredFields.SfString;
import dev.larder.http.StructuredFields.SfToken;
import dev.larder.rules.Reason;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CacheStatusTest {
    private static Item member(String name, @Nullable Reason forwarded, Reason reason, int status, boolean collapsed) {
        Decision decision = new Decision(
                CacheResult.MISS, reason, forwarded, null, "k", null, null, 0, status, collapsed, List.of());
        List<Member> list = StructuredFields.parseList(CacheStatus.member(name, decision));
        assertThat(list).hasSize(1);
        return (Item) list.get(0);
    }

    @ParameterizedTest
    @ValueSource(strings = {"Larder", "two words", "quo\"te", "back\\slash", "1st", "a,b;c"})
    @Tag("R9211-002")
    void theNameIsAStringOrAToken(String name) {
        Item member = member(name, null, Reason.FRESH, 0, false);
        String text = member.value() instanceof SfString string ? string.value() : ((SfToken) member.value()).value();
        assertThat(text).isEqualTo(name);
    }

    @Test
    @Tag("R9211-006")
    @Tag("R9211-008")
    @Tag("R9211-011")
    @Tag("R9211-013")
    void hitAndForwardExcludeEachOtherWhateverHappened() {
        Random random = new Random(5);
        Reason[] reasons = Reason.values();
        for (int i = 0; i < 100_000; i++) {
            Reason forwarded = random.nextBoolean() ? null : reasons[random.nextInt(reasons.length)];
            Reason reason = reasons[random.nextInt(reasons.length)];
            boolean collapsed = forwarded != null && random.nextBoolean();
            var parameters = member("L", forwarded, reason, random.nextInt(600), collapsed)
                    .parameters();
            boolean hit = SfBoolean.TRUE.equals(parameters.get("hit"));
            assertThat(hit).as("seed 5, round %d", i).isNotEqualTo(parameters.get("fwd") != null);
            assertThat(hit && (parameters.get("fwd-status") != null || parameters.get("collapsed") != null))
                    .isFalse();
            assertThat(parameters.get("detail")).isInstanceOf(SfToken.class);
        }
    }
}
