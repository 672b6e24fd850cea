package dev.larder.storage;

/**
 * What a storage holds.
 *
 * @param entries how many entries, or -1 when that is not known
 * @param bytes their size in bytes as the storage accounts for it, or -1 when that is not known
 * @param maxEntries the capacity in entries, or -1 when there is none
 * @param maxBytes the capacity in bytes, or -1 when there is none
 * @param evictions how many entries this object removed to make room
 */
public record StorageStatistics(long entries, long bytes, long maxEntries, long maxBytes, long evictions) {}
