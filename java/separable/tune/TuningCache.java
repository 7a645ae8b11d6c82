package separable.tune;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import separable.cudnn.Cudnn;
import separable.device.BuildInfo;
import separable.device.Device;
import separable.device.UserCache;
import separable.tune.Decision.Score;
import separable.tune.Decision.Source;

/**
 * Remembers what tuning found, in a JSON file that any number of processes may share. An entry serves only where everything is the same
 * that it depends on: GPU, compute capability, driver, cuDNN's version or that there is none, Separable's version and kernels, problem
 * and workspace limit; and where it was found with no less effort than is asked for.
 *
 * <p>A file that cannot be understood is ignored with one warning and replaced by the next result. A folder that cannot be written costs
 * one warning: results then live as long as this object. The least recently used entries go when there are too many. Safe for use by
 * several threads.
 */
public final class TuningCache {

    private static final Logger LOG = System.getLogger(TuningCache.class.getName());

    /** Days after which the use of an entry is noted: not every run need write. */
    private static final long USE_NOTED_DAYS = 7;

    private final CacheFile file;
    private final Map<String, CacheEntry> entries = new HashMap<>();
    private final Map<String, CacheEntry> changed = new HashMap<>();
    private boolean loaded;
    private boolean writable = true;

    private TuningCache(Path folder) {
        this.file = new CacheFile(folder);
    }

    /** A cache in {@code folder}, which is made when the first result is written. */
    public static TuningCache in(Path folder) {
        return new TuningCache(folder);
    }

    /** The user's own. */
    public static TuningCache ofUser() {
        return in(UserCache.folder());
    }

    /** The file, there or not. */
    public Path path() {
        return file.path();
    }

    /** The part that holds for a device. */
    Section section(Device device) {
        return new Section(String.join(" | ", device.name(), device.multiprocessors() + " SMs", "sm_" + device.computeCapability(),
                "driver " + device.driverVersion(), "cuDNN " + (Cudnn.find().isAvailable() ? Cudnn.find().version() : "none"),
                "Separable " + BuildInfo.read().version() + " " + BuildInfo.kernelsHash()));
    }

    /** The results for one device, driver and set of libraries. */
    final class Section {

        private final String prefix;

        private Section(String prefix) {
            this.prefix = prefix;
        }

        private String key(Problem problem, Tuning tuning) {
            return prefix + " | " + problem.key() + " | workspace " + tuning.workspaceLimit();
        }

        Optional<Decision> find(Problem problem, Tuning tuning) {
            return TuningCache.this.find(key(problem, tuning)).filter(entry -> entry.effort().covers(tuning.effort()))
                    .map(entry -> decision(problem, entry));
        }

        /** Decisions without a measurement are not worth remembering. */
        void put(Decision decision, Tuning tuning) {
            if (!decision.scores().isEmpty()) {
                Score winner = decision.scores().get(0);
                TuningCache.this.put(key(decision.problem(), tuning), new CacheEntry(tuning.effort(), winner, decision.runnerUp(), today()));
            }
        }

        void save() {
            TuningCache.this.save();
        }
    }

    private static Decision decision(Problem problem, CacheEntry entry) {
        List<Score> scores = new ArrayList<>(List.of(entry.winner()));
        entry.runnerUp().ifPresent(scores::add);
        return new Decision(problem, entry.winner().candidate(), Source.REMEMBERED, scores, "remembered, " + entry.effort(), List.of());
    }

    private static long today() {
        return LocalDate.now().toEpochDay();
    }

    private synchronized Optional<CacheEntry> find(String key) {
        load();
        CacheEntry entry = entries.get(key);
        if (entry != null && today() - entry.day() > USE_NOTED_DAYS) {
            put(key, entry.usedOn(today()));
        }
        return Optional.ofNullable(entry);
    }

    private synchronized void put(String key, CacheEntry entry) {
        entries.put(key, entry);
        changed.put(key, entry);
    }

    private void load() {
        if (loaded) {
            return;
        }
        loaded = true;
        try {
            // What was measured here meanwhile is newer.
            file.read().forEach(entries::putIfAbsent);
        } catch (CacheFile.UnreadableException e) {
            // Where it cannot be replaced, saving says so.
            if (Files.isWritable(file.path().getParent())) {
                LOG.log(Level.WARNING, "the tuning cache {0} is ignored and will be replaced: {1}", file.path(), e.getMessage());
            }
        }
    }

    private synchronized void save() {
        if (changed.isEmpty() || !writable) {
            return;
        }
        try {
            file.merge(changed);
            changed.clear();
        } catch (IOException e) {
            writable = false;
            LOG.log(Level.WARNING, "the tuning cache {0} cannot be written ({1}), so results of tuning are not remembered: make the folder"
                    + " writable, or name another in {2}", file.path(), CacheFile.reason(e), UserCache.FOLDER_VARIABLE);
        }
    }
}
