/** Heads of entries as JSON, YAML or CBOR. */
@NullMarked
package dev.larder.serializers.jackson;

import org.jspecify.annotations.NullMarked;
