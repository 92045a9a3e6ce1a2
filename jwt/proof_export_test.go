package jwt

// NormalURL is normalURL, and OwnURL ownURL.
var (
	NormalURL = normalURL
	OwnURL    = ownURL
)
