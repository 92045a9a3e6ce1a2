package jose

import (
	"hash/maphash"
	"strings"
	"sync/atomic"
)

// Headers remembers the headers of tokens that were verified by their encoded form,
// which is the same for all tokens of a key, so that they are read once. A nil Headers
// remembers nothing. It is safe for concurrent use.
type Headers struct {
	seed  maphash.Seed
	slots [128]atomic.Pointer[knownHeader] // a newer one takes the place of an older
}

type knownHeader struct {
	encoded string
	header  Header
}

// NewHeaders returns a memory with nothing in it.
func NewHeaders() *Headers { return &Headers{seed: maphash.MakeSeed()} }

func (h *Headers) slot(encoded string) *atomic.Pointer[knownHeader] {
	return &h.slots[maphash.String(h.seed, encoded)%uint64(len(h.slots))]
}

// Parse is [ParseHeader].
func (h *Headers) Parse(encoded string) (Header, error) {
	if h == nil {
		return ParseHeader(encoded)
	}
	if known := h.slot(encoded).Load(); known != nil && known.encoded == encoded {
		return known.header, nil
	}
	return ParseHeader(encoded)
}

// Remember keeps a header that Parse returned, of a token that was verified: those
// that anybody can make are not worth it.
func (h *Headers) Remember(encoded string, header Header) {
	if h == nil {
		return
	}
	slot := h.slot(encoded)
	if known := slot.Load(); known == nil || known.encoded != encoded {
		slot.Store(&knownHeader{strings.Clone(encoded), header}) // and not the token around it
	}
}
