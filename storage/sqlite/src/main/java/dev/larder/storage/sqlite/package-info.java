/** Entries in a SQLite database. */
@NullMarked
package dev.larder.storage.sqlite;

import org.jspecify.annotations.NullMarked;
