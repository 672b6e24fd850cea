/** Small programs that show one thing each; run as tests. */
@NullMarked
package dev.larder.examples;

import org.jspecify.annotations.NullMarked;
