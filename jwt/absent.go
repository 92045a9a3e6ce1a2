package jwt

import (
	"sync"
	"time"
)

const (
	maxAbsent   = 1024             // ids remembered
	maxAbsentID = 256              // bytes of one
	absentLife  = 10 * time.Minute // how long an id is remembered
)

// absentKeys are the ids of keys that an issuer did not have when it was last
// asked about them, so that a stale token is refused at once and not put off. It
// is safe for concurrent use.
type absentKeys struct {
	mu    sync.Mutex // guards since
	since map[string]time.Time
}

func (a *absentKeys) add(id string, now time.Time) {
	if len(id) > maxAbsentID {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.since == nil || len(a.since) >= maxAbsent {
		a.since = make(map[string]time.Time)
	}
	a.since[id] = now
}

func (a *absentKeys) has(id string, now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	since, ok := a.since[id]
	return ok && now.Sub(since) < absentLife
}
