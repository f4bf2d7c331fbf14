pub fn attack() {}
