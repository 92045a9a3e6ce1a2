package authn

import (
	"context"
	"fmt"
	"sync"
	"time"

	"k8s.io/apiserver/pkg/authentication/user"
)

// MemoryRevocations is a [RevocationList] that a program changes. The zero value is an
// empty one. It is safe for concurrent use and must not be copied.
type MemoryRevocations struct {
	// Now returns the time. Nil means [time.Now]. It must not be changed once the list
	// is in use.
	Now func() time.Time

	mu      sync.RWMutex // guards what follows
	list    *revoked
	changes uint64
}

// Add adds an entry, which counts from the next request on, until Remove takes it away
// or its time is over. All entries of a user count, so one that comes later does not
// take the place of another. An error says why it is none; it holds nothing of it.
func (m *MemoryRevocations) Add(r Revocation) error {
	r, err := r.checked()
	if err != nil {
		return fmt.Errorf("authn: revocation: %w", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.list == nil {
		m.list = newRevoked()
	}
	m.list.remove(r) // lest the same one again and again fill the memory
	m.list.add(r, 0)
	m.changes++
	return nil
}

// Remove takes an entry away and reports whether it was there, with the same times.
func (m *MemoryRevocations) Remove(r Revocation) bool {
	r, err := r.checked()
	m.mu.Lock()
	defer m.mu.Unlock()
	if err != nil || m.list == nil || !m.list.remove(r) {
		return false
	}
	m.changes++
	return true
}

// Len returns how many entries there are, be their time over or not.
func (m *MemoryRevocations) Len() int {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.list == nil {
		return 0
	}
	return m.list.len
}

// Generation implements [Generational]: it grows with every change.
func (m *MemoryRevocations) Generation() uint64 {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.changes
}

// Revoked implements [RevocationList].
func (m *MemoryRevocations) Revoked(_ context.Context, u user.Info) error {
	if h := m.find(u); h != nil {
		return Errorf(Revoked, "revoked: %s", h.text)
	}
	return nil
}

func (m *MemoryRevocations) find(u user.Info) *hit {
	now := m.Now
	if now == nil {
		now = time.Now
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.list == nil {
		return nil
	}
	return m.list.find(u, now)
}
