/** Contract tests, a scripted origin and a manual clock. */
@NullMarked
package dev.larder.testkit;

import org.jspecify.annotations.NullMarked;
