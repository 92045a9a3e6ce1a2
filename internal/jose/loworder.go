package jose

import (
	"crypto/ed25519"
	"encoding/hex"
)

// lowOrder are the points of Edwards' curve whose order divides 8, in either of the
// ways to write them (RFC 8032, section 5.1.3, has the one), without the sign of x in
// the last bit. crypto/ed25519 takes them for keys.
var lowOrder = func() (points [7][32]byte) {
	for i, text := range [...]string{
		"0100000000000000000000000000000000000000000000000000000000000000", // order 1
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // order 2
		"0000000000000000000000000000000000000000000000000000000000000000", // order 4
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", // order 8
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", // order 8
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // order 1, as p + 1
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // order 4, as p
	} {
		if _, err := hex.Decode(points[i][:], []byte(text)); err != nil {
			panic(err) // none of them is wrong
		}
	}
	return points
}()

// isLowOrder reports whether a key is a point of low order, under which anybody can
// sign.
func isLowOrder(key ed25519.PublicKey) bool {
	y := [32]byte(key)
	y[31] &= 0x7f
	for i := range lowOrder {
		if y == lowOrder[i] {
			return true
		}
	}
	return false
}
