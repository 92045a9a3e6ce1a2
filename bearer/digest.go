package bearer

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/fips140"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"runtime"
	"sync"

	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/confirm"
)

// digest stands for a token and what is asked of it. Who does not know the hasher's
// key cannot find two tokens that have the same, nor tell anything of a token by it.
type digest [16]byte

// hasher makes digests under a key that nobody knows: it is made with the cache and
// dies with it, and digests do not leave the process.
type hasher struct {
	prefix []byte        // of each text: the key of a hash that takes none
	hash   func(t *text) // sets the sum
	texts  sync.Pool     // of *text
}

// text is a token and what is asked of it while they are hashed.
type text struct {
	bytes []byte
	nonce [12]byte // see newGMAC: always zero
	sum   digest
}

func newHasher() *hasher {
	if fips140.Enabled() || !fastGMAC() { // FIPS 140-3 has no GCM with a nonce of one's own
		return newSHA()
	}
	var key [32]byte
	rand.Read(key[:])
	return newGMAC(key)
}

// fastGMAC reports whether Go has GCM in instructions of the processor. Where it has
// not, SHA-256 is faster, and takes the same time whatever the key is.
func fastGMAC() bool {
	switch runtime.GOARCH {
	case "amd64", "arm64", "ppc64", "ppc64le", "s390x":
		return true
	}
	return false
}

func newText() any { return new(text) }

func (h *hasher) sum(ctx context.Context, token string) digest {
	t := h.texts.Get().(*text)
	t.bytes = appendQuestion(append(t.bytes[:0], h.prefix...), ctx, token)
	h.hash(t)
	sum := t.sum
	clear(t.bytes) // of the token
	if cap(t.bytes) <= 2*MaxToken {
		h.texts.Put(t)
	}
	return sum
}

// newGMAC returns a hasher that is three times as fast as SHA-256.
//
// GMAC of a text is its GHASH, plus a number that only depends on the key and the
// nonce (NIST SP 800-38D, sections 6.4 and 7.1). With one nonce for all, GHASH is
// what tells two texts apart. It is a universal hash (Carter and Wegman; McGrew and
// Viega, 2004): two texts of at most n blocks of 16 bytes, chosen before the key was,
// have the same under at most n+1 of the 2^128 values that AES may have derived for
// it. So if a million tokens of 16 KiB are tried against 40,000 that are remembered,
// one is taken for another by a chance below 2^-80.
//
// As a MAC that would be broken: two sums under one nonce give the key away. Here
// nobody sees sums. AES under another key comes last nevertheless. It maps no two sums
// to one, and makes of different ones numbers that are as good as random: so it tells
// nothing of the key to who learned of digests, or of parts of them, by how long a
// look-up takes. All that could be learned by trying is whether two texts have the
// same, and until then (see above) whoever chooses one by what came of the others
// chooses no better than beforehand.
func newGMAC(key [32]byte) *hasher {
	first, err1 := aes.NewCipher(key[:16])
	last, err2 := aes.NewCipher(key[16:])
	if err1 != nil || err2 != nil {
		panic("bearer: AES has no keys of 16 bytes") // it has
	}
	gcm, err := cipher.NewGCM(first)
	if err != nil {
		panic("bearer: AES has no GCM") // it has
	}
	return &hasher{texts: sync.Pool{New: newText}, hash: func(t *text) {
		gcm.Seal(t.sum[:0], t.nonce[:], nil, t.bytes)
		last.Encrypt(t.sum[:], t.sum[:])
	}}
}

// newSHA returns a hasher that is SHA-256 of the key and the text. Half of it is left
// out, so it cannot be continued to that of a longer text.
func newSHA() *hasher {
	h := &hasher{texts: sync.Pool{New: newText}, prefix: make([]byte, sha256.Size), hash: func(t *text) {
		sum := sha256.Sum256(t.bytes)
		copy(t.sum[:], sum[:])
	}}
	rand.Read(h.prefix)
	return h
}

// appendQuestion appends a token and all else that an answer depends on. What the
// lengths are of is told from the end, so no two questions look alike.
func appendQuestion(b []byte, ctx context.Context, token string) []byte {
	b = append(b, token...)
	audiences, limited := authenticator.AudiencesFrom(ctx)
	for _, a := range audiences {
		b = append(b, a...)
		b = binary.LittleEndian.AppendUint32(b, uint32(len(a)))
	}
	b = binary.LittleEndian.AppendUint32(b, uint32(len(audiences)))
	var flags byte
	if limited {
		flags |= 1
	}
	if confirm.From(ctx) != nil {
		flags |= 2
	}
	if authn.Withheld(ctx) {
		flags |= 4
	}
	return append(b, flags)
}
