/** Meters and observations of a cache. */
@NullMarked
package dev.larder.integration.micrometer;

import org.jspecify.annotations.NullMarked;
