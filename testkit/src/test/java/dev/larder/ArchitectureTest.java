package dev.larder;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.AccessTarget;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.core.domain.JavaMember;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.domain.JavaType;
import com.tngtech.archunit.core.domain.JavaTypeVariable;
import com.tngtech.archunit.core.domain.PackageMatcher;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiPredicate;
import java.util.function.Predicate;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Keeps the layers apart: what the semantics may touch, what the API may show, and what nobody may use. */
class ArchitectureTest {

    private static final String[] SEMANTICS = {
        "dev.larder.http..", "dev.larder.policy..", "dev.larder.rules..", "dev.larder.engine.."
    };

    private static final JavaClasses LARDER = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("dev.larder");

    @Test
    @DisplayName("semantics use no I/O, network, threads or logging")
    void semanticsDoNoInputOrOutput() {
        check(noClasses()
                .that()
                .resideInAnyPackage(SEMANTICS)
                .should()
                .dependOnClassesThat(describe(
                        "do I/O, run threads or log",
                        type -> !ALLOWED_IN_SEMANTICS.contains(type.getFullName())
                                && (inPackage(type, FORBIDDEN_PACKAGES)
                                        || FORBIDDEN_IN_SEMANTICS.contains(type.getFullName()))))
                .because("RFC 9111 is decided by plain functions; drivers do the rest"));
    }

    private static final List<PackageMatcher> FORBIDDEN_PACKAGES = List.of(
            PackageMatcher.of("java.io.."),
            PackageMatcher.of("java.nio.file.."),
            PackageMatcher.of("java.nio.channels.."),
            PackageMatcher.of("java.net.."),
            PackageMatcher.of("java.util.concurrent.."),
            PackageMatcher.of("java.util.logging.."),
            PackageMatcher.of("java.util.regex.."));

    private static final Set<String> FORBIDDEN_IN_SEMANTICS = Set.of(
            "java.lang.System$Logger",
            "java.lang.System$Logger$Level",
            "java.lang.Thread",
            "java.time.Clock",
            "java.time.InstantSource");

    /** A URI is a value; Serializable is what javac adds to lambdas and enums. */
    private static final Set<String> ALLOWED_IN_SEMANTICS = Set.of("java.net.URI", "java.io.Serializable");

    @Test
    @DisplayName("semantics get the time as an argument")
    void semanticsDoNotReadTheClock() {
        check(noClasses()
                .that()
                .resideInAnyPackage(SEMANTICS)
                .should()
                .accessTargetWhere(target("read the clock", (owner, name) -> switch (name) {
                    case "currentTimeMillis", "nanoTime" -> owner.getFullName().equals("java.lang.System");
                    case "now" -> owner.getPackageName().startsWith("java.time");
                    default -> false;
                }))
                .because("a test must be able to choose any time"));
    }

    @Test
    @DisplayName("semantics use no regular expressions")
    void semanticsUseNoRegex() {
        // The package java.util.regex itself is forbidden above.
        Set<String> regexInDisguise = Set.of("split", "matches", "replaceAll", "replaceFirst");
        check(noClasses()
                .that()
                .resideInAnyPackage(SEMANTICS)
                .should()
                .accessTargetWhere(target(
                        "use a regular expression",
                        (owner, name) ->
                                owner.getFullName().equals("java.lang.String") && regexInDisguise.contains(name)))
                .because("fields come from strangers: parsers run in linear time and do not allocate patterns"));
    }

    @Test
    @DisplayName("the public API does not show internal types")
    void apiShowsNoInternalTypes() {
        check(classes()
                .that(describe(
                        "are visible to users",
                        type -> type.getPackageName().startsWith("dev.larder")
                                && !isInternal(type)
                                && isPublicWithItsOwners(type)))
                .should(showNoInternalTypes()));
    }

    @Test
    @DisplayName("nobody deserializes objects")
    void nobodyDeserializesObjects() {
        Set<String> objectGraphs = Set.of(
                "java.io.ObjectInput",
                "java.io.ObjectInputStream",
                "java.io.ObjectInputStream$GetField",
                "java.io.ObjectOutput",
                "java.io.ObjectOutputStream",
                "java.io.ObjectOutputStream$PutField",
                "java.io.Externalizable",
                "java.beans.XMLDecoder",
                "java.beans.XMLEncoder");
        check(noClasses()
                .should()
                .dependOnClassesThat(describe(
                        "turn bytes into arbitrary objects", type -> objectGraphs.contains(type.getFullName())))
                .because("a stored response is data from a stranger and must never choose a class"));
    }

    private static void check(ArchRule rule) {
        rule.allowEmptyShould(true).check(LARDER);
    }

    private static ArchCondition<JavaClass> showNoInternalTypes() {
        return new ArchCondition<>("show no internal types") {
            @Override
            public void check(JavaClass type, ConditionEvents events) {
                type.getSuperclass().ifPresent(parent -> report(parent, type.getFullName(), "extends", events));
                type.getInterfaces().forEach(parent -> report(parent, type.getFullName(), "implements", events));
                reportBounds(type.getTypeParameters(), type.getFullName(), events);
                for (JavaField field : type.getFields()) {
                    if (isVisible(field)) {
                        report(field.getType(), field.getFullName(), "has type", events);
                    }
                }
                for (JavaCodeUnit unit : type.getCodeUnits()) {
                    if (isVisible(unit)) {
                        report(unit.getReturnType(), unit.getFullName(), "returns", events);
                        unit.getParameterTypes().forEach(p -> report(p, unit.getFullName(), "takes", events));
                        unit.getExceptionTypes().forEach(e -> report(e, unit.getFullName(), "throws", events));
                        reportBounds(unit.getTypeParameters(), unit.getFullName(), events);
                    }
                }
            }
        };
    }

    private static void reportBounds(
            List<? extends JavaTypeVariable<?>> variables, String where, ConditionEvents events) {
        for (JavaTypeVariable<?> variable : variables) {
            variable.getUpperBounds().forEach(bound -> report(bound, where, "is bounded by", events));
        }
    }

    private static void report(JavaType shown, String where, String verb, ConditionEvents events) {
        List<JavaClass> parts = new ArrayList<>(shown.getAllInvolvedRawTypes());
        for (JavaClass part : parts) {
            if (isInternal(part)) {
                events.add(SimpleConditionEvent.violated(part, where + " " + verb + " internal " + part.getFullName()));
            }
        }
    }

    private static boolean isVisible(JavaMember member) {
        Set<JavaModifier> modifiers = member.getModifiers();
        return (modifiers.contains(JavaModifier.PUBLIC) || modifiers.contains(JavaModifier.PROTECTED))
                && !modifiers.contains(JavaModifier.SYNTHETIC);
    }

    private static boolean isPublicWithItsOwners(JavaClass type) {
        Optional<JavaClass> current = Optional.of(type);
        while (current.isPresent()) {
            Set<JavaModifier> modifiers = current.get().getModifiers();
            if (!modifiers.contains(JavaModifier.PUBLIC) && !modifiers.contains(JavaModifier.PROTECTED)) {
                return false;
            }
            current = current.get().getEnclosingClass();
        }
        return true;
    }

    private static boolean isInternal(JavaClass type) {
        return PackageMatcher.of("..internal..").matches(type.getPackageName());
    }

    private static boolean inPackage(JavaClass type, List<PackageMatcher> packages) {
        return packages.stream().anyMatch(matcher -> matcher.matches(type.getPackageName()));
    }

    private static DescribedPredicate<JavaClass> describe(String description, Predicate<JavaClass> predicate) {
        return DescribedPredicate.describe(description, predicate);
    }

    private static DescribedPredicate<JavaAccess<?>> target(
            String description, BiPredicate<JavaClass, String> ownerAndName) {
        return DescribedPredicate.describe(description, access -> {
            AccessTarget target = access.getTarget();
            return ownerAndName.test(target.getOwner(), target.getName());
        });
    }
}
