package bearer

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/fips140"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"sync"

	"k8s.io/apiserver/pkg/authentication/authenticator"

	"github.com/authnchain/authnchain/internal/confirm"
)

// digest stands for a token and what is asked of it. Who does not know the hasher's
// key cannot find two tokens that have the same, nor tell anything of a token by it.
type digest [16]byte

// hasher makes digests under a key that nobody knows: it is made with the cache and
// dies with it, and digests do not leave the process.
type hasher interface {
	sum(ctx context.Context, token string) digest
}

func newHasher() hasher {
	if fips140.Enabled() { // which has no GCM with a nonce that one chooses
		h := &sha{}
		rand.Read(h.key[:])
		return h
	}
	var key [32]byte
	rand.Read(key[:])
	return newGMAC(key)
}

// gmac is three times as fast as SHA-256, on processors that have instructions for
// AES. GHASH, of which GCM is made, is a universal hash (NIST SP 800-38D, section
// 6.4; Carter and Wegman): two given texts of n blocks have the same under one of
// 2^128 keys by a chance of n/2^128, so of a million tokens of 16 KiB, tried against a
// cache of 32,768, one is taken for another by a chance below 2^-80. That holds as
// long as nothing is known of the hashes. Hence AES under another key comes last:
// even who learned of digests, by how long a look-up takes, say, would have no more
// than random numbers of them.
type gmac struct {
	ghash   cipher.AEAD
	last    cipher.Block
	scratch sync.Pool // of *text
}

// text is a token and what is asked of it while they are hashed.
type text struct {
	nonce [12]byte // always the same: it adds the same to each hash
	bytes []byte
	sum   digest
}

func newGMAC(key [32]byte) *gmac {
	first, err1 := aes.NewCipher(key[:16])
	last, err2 := aes.NewCipher(key[16:])
	if err1 != nil || err2 != nil {
		panic("bearer: AES has no keys of 16 bytes") // it has
	}
	ghash, err := cipher.NewGCM(first)
	if err != nil {
		panic("bearer: AES has no GCM") // it has
	}
	return &gmac{ghash: ghash, last: last, scratch: sync.Pool{New: func() any { return new(text) }}}
}

func (g *gmac) sum(ctx context.Context, token string) digest {
	t := g.scratch.Get().(*text)
	t.bytes = appendQuestion(t.bytes[:0], ctx, token)
	g.ghash.Seal(t.sum[:0], t.nonce[:], nil, t.bytes)
	g.last.Encrypt(t.sum[:], t.sum[:])
	sum := t.sum
	clear(t.bytes) // of the token
	if cap(t.bytes) <= 2*MaxToken {
		g.scratch.Put(t)
	}
	return sum
}

// sha is what FIPS 140-3 allows.
type sha struct{ key [sha256.Size]byte }

func (h *sha) sum(ctx context.Context, token string) digest {
	text := appendQuestion(h.key[:len(h.key):len(h.key)], ctx, token)
	sum := sha256.Sum256(text)
	clear(text)
	return digest(sum[:])
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
	return append(b, flags)
}
