# For the scripts beside this directory: sets java and jar, and defines build, which makes the jar unless it is newer
# than all that it is made from.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
jar=$root/conformance/target/gateway.jar
java=java
if [ -n "${JAVA_HOME:-}" ] && [ -x "$JAVA_HOME/bin/java" ]; then
    java=$JAVA_HOME/bin/java
fi

build() {
    local sources=("$root/pom.xml")
    local module
    for module in semantics core storage/sqlite storage/redis storage/s3 client/jdk client/okhttp client/apache client/spring conformance; do
        sources+=("$root/$module/pom.xml" "$root/$module/src/main")
    done
    if [ -f "$jar" ] && [ -z "$(find "${sources[@]}" -type f -newer "$jar" | head -n 1)" ]; then
        return
    fi
    echo "building the gateway" >&2
    # To stderr: standard output is the tool's own.
    (cd "$root" && mvn -q -B -pl conformance -am -DskipTests -Dspotless.check.skip=true \
        -Dmaven.compiler.failOnWarning=false package) >&2
}
