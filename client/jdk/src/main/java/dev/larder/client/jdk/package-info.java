/** Larder for the JDK's HTTP client. */
@NullMarked
package dev.larder.client.jdk;

import org.jspecify.annotations.NullMarked;
