package authconfig

import (
	"maps"
	"time"
)

const (
	maxRemembered    = 4096     // answers for one issuer
	maxRememberedOne = 16       // of them for tokens with the same "sub"
	maxRememberedAll = 16 << 20 // bytes of all of them
)

// answer is what became of a look-up.
type answer struct {
	held    string   // the token that holds the claim, which is verified each time; empty: none
	found   bool     // groups are the claim
	groups  []string // of DistributedClaims.Resolve
	err     error    // why the token is refused
	until   time.Time
	asked   time.Time
	subject string
}

func (a answer) size() int {
	size := 256 + len(a.held) + len(a.subject)
	for _, g := range a.groups {
		size += 16 + len(g)
	}
	return size
}

// memory is answers by the digest of the claims that they are for. It is not safe
// for concurrent use.
type memory struct {
	answers   map[digest]answer
	bySubject map[string]int
	bytes     int
}

func (m *memory) get(key digest, now time.Time) (answer, bool) {
	a, ok := m.answers[key]
	return a, ok && now.Before(a.until)
}

// put keeps an answer. Who has many has no room for more, so that nobody's tokens
// push out those of all others. If there are too many in all, those that do not
// hold any more go first, and then any.
func (m *memory) put(key digest, a answer, now time.Time) {
	m.drop(key)
	if m.full(a) {
		maps.DeleteFunc(m.answers, func(_ digest, old answer) bool {
			over := !now.Before(old.until)
			if over {
				m.count(old, -1)
			}
			return over
		})
	}
	if m.bySubject[a.subject] >= maxRememberedOne || a.size() > maxRememberedAll/16 {
		return
	}
	for other := range m.answers {
		if !m.full(a) {
			break
		}
		m.drop(other)
	}
	if m.answers == nil {
		m.answers, m.bySubject = make(map[digest]answer), make(map[string]int)
	}
	m.answers[key] = a
	m.count(a, 1)
}

func (m *memory) full(a answer) bool {
	return len(m.answers) >= maxRemembered || m.bytes+a.size() > maxRememberedAll || m.bySubject[a.subject] >= maxRememberedOne
}

func (m *memory) drop(key digest) {
	if old, ok := m.answers[key]; ok {
		delete(m.answers, key)
		m.count(old, -1)
	}
}

func (m *memory) count(a answer, n int) {
	m.bytes += n * a.size()
	if m.bySubject[a.subject] += n; m.bySubject[a.subject] == 0 {
		delete(m.bySubject, a.subject)
	}
}
