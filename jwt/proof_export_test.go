package jwt

// NormalURL is normalURL, and OwnURL ownURL.
var (
	NormalURL = normalURL
	OwnURL    = ownURL
)

// Replays is replays.
type Replays struct{ r *replays }

func NewReplays(most int) Replays { return Replays{newReplays(most)} }

// What came of taking something.
const (
	Fresh    = fresh
	Replayed = replayed
	Full     = full
	Stale    = stale
)

// Take takes an id of a key that is its owner's only one.
func (r Replays) Take(id, by string, now, until, lifetime int64) taking {
	return r.r.take(id, by, ownerOf(by), now, until, lifetime, false)
}

// Len returns how much is remembered.
func (r Replays) Len() int { return len(r.r.now.taken) + len(r.r.before.taken) }
